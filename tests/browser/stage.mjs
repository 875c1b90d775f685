// Starts the built playground on a free port, and a browser to look at it.

import { spawn } from 'node:child_process';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const BUILT = fileURLToPath(new URL('../../target/debug/overwatch-bot', import.meta.url));
const BOT = process.env.OVERWATCH_BOT ?? BUILT;
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
/** Longest wait for what has to appear. */
const WAIT_MAX_MS = 60_000;
const ARGUMENTS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

/** Why the tests cannot run here, or false. In CI nothing is skipped. */
export async function reasonToSkip() {
  if (process.env.CI === 'true') return false;
  const missing = await access(CHROMIUM).then(() => false, () => true);
  return missing && `There is no Chromium at ${CHROMIUM}: install it, or set CHROMIUM to its path.`;
}

/** The playground: `{url, page, key, stop()}`; `page` is the address with the key, for people. */
export async function startPlayground() {
  const folder = await mkdtemp(join(tmpdir(), 'playground-'));
  const bot = spawn(BOT, ['playground', '--playground-port', '0', '--db-path', join(folder, 'test.db')], {
    cwd: folder, stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => { bot.once('close', resolve); });
  const [page, url, key] = await new Promise((resolve, reject) => {
    bot.once('error', reject);
    bot.once('close', (code) => reject(new Error(`The playground ended with code ${code}.`)));
    createInterface({ input: bot.stdout }).on('line', (line) => {
      const address = /(http:\/\/[\d.:]+)(?:\/\?key=(\w+))?/.exec(line);
      if (address) resolve(address);
    });
  });
  return {
    url, page, key,
    async stop() {
      bot.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A browser without a window, with more arguments. */
export function startBrowser(...more) {
  return chromium.launch({ executablePath: CHROMIUM, args: [...ARGUMENTS, ...more] });
}

/**
 * A page of the playground for one person, with what went wrong in it: `{page, complaints}`.
 * Everything that is asked of another address is a complaint.
 */
export async function look(browser, { url, page: address }, { as, width = 1280, height = 800 }) {
  const context = await browser.newContext({
    baseURL: url,
    viewport: { width, height }, locale: 'en-GB', timezoneId: 'Europe/Berlin', reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(WAIT_MAX_MS);
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (line) => line.type() === 'error' && complaints.push(line.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => request.url().startsWith(url) || complaints.push(request.url()));
  await page.goto(address);
  await page.getByLabel('Who am I').selectOption(await idOf(page, as));
  return { page, complaints };
}

async function idOf(page, name) {
  const world = await (await page.request.get('/client/world')).json();
  return world.people.find((person) => person.global_name === name).id;
}

/** Types a command's name into the line at the bottom and chooses it, with keys alone. */
export async function command(page, title) {
  await page.getByRole('combobox', { name: 'Command' }).focus();
  await page.keyboard.type(title);
  await page.getByRole('option', { name: title }).first().waitFor();
  await page.keyboard.press('Enter');
}

/** Types into the option that has the focus and takes the first choice that is offered for it. */
export async function fill(page, option, text, choice) {
  const field = page.getByRole('combobox', { name: new RegExp(`^${option}\\b`) });
  await field.focus();
  await page.keyboard.type(text);
  await page.locator('.option.active:visible', { hasText: choice }).waitFor();
  await page.keyboard.press('Tab');
}
