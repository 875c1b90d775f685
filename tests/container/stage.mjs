// The stage of an evening: the embedded Discord, its people, and the bot as a container or a process.

import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/** The program, which is also the embedded Discord. */
const PROGRAM = process.env.OVERWATCH_BOT ?? 'target/release/overwatch-bot';
/** The image, if there is one. */
export const IMAGE = process.env.OVERWATCH_BOT_IMAGE;
const PODMAN = process.env.PODMAN ?? 'podman';
/** As somebody who trusts nothing would run it. */
const LOCKED = ['--read-only', '--cap-drop=all', '--security-opt=no-new-privileges', '--network=host'];
/** Longest wait for what has to appear. */
const WAIT_MAX_MS = 60_000;
/** How often is looked at what cannot be waited for. */
const LOOK_EVERY_MS = 10;

/** Runs podman: `{code, out, said}`. */
export function bare(...args) {
  return run(PODMAN, args);
}

function run(program, args, options = {}) {
  return new Promise((resolve) => {
    execFile(program, args, options, (error, out, said) => {
      resolve({ code: error ? error.code ?? 1 : 0, out, said });
    });
  });
}

async function podman(...args) {
  const { code, out, said } = await bare(...args);
  if (code !== 0) throw new Error(`podman ${args.join(' ')}: ${said}`);
  return out.trim();
}

async function until(what, look) {
  const end = performance.now() + WAIT_MAX_MS;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > end) throw new Error(`never seen: ${what}`);
    await sleep(LOOK_EVERY_MS);
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Runs the bot with nothing but this environment, without a volume: `{code, said}`. */
export async function refusedToStart(environment) {
  if (!IMAGE) {
    const cwd = await mkdtemp(join(tmpdir(), 'refused-'));
    const { code, said } = await run(PROGRAM, ['run'], { env: environment, cwd });
    await rm(cwd, { recursive: true, force: true });
    return { code, said };
  }
  const settings = Object.entries(environment).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  const { code, out, said } = await bare('run', '--rm', ...LOCKED, ...settings, IMAGE, 'run');
  return { code, said: out + said };
}

/** The embedded Discord, in a process of its own. */
export class Discord {
  static async open() {
    const args = ['playground', '--discord-only', '--playground-port', '0'];
    const child = spawn(PROGRAM, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise((resolve) => { child.once('close', resolve); });
    const [url, key] = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => reject(new Error(`It ended with code ${code}.`)));
      createInterface({ input: child.stdout }).on('line', (line) => {
        const address = /(http:\/\/[\d.:]+)\/\?key=(\w+)/.exec(line);
        if (address) resolve(address.slice(1));
      });
    });
    const discord = Object.assign(new Discord(), { url, child, ended, headers: { 'x-playground-key': key } });
    discord.world = await discord.get('world');
    return discord;
  }

  async get(path) {
    return (await fetch(`${this.url}/client/${path}`, { headers: this.headers })).json();
  }

  /** What somebody does; the answer comes once it is settled. */
  async interact(body) {
    const response = await fetch(`${this.url}/client/interactions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...this.headers },
      body: JSON.stringify({ wait: 'settled', ...body }),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(JSON.stringify({ body, answer }));
    return answer;
  }

  person(index) {
    const [guild] = this.world.guilds;
    return new Person(this, this.world.people[index].id, guild.channels[0].id);
  }

  async close() {
    this.child.kill('SIGTERM');
    await this.ended;
  }
}

class Person {
  constructor(discord, user, channel) {
    Object.assign(this, { discord, user, channel });
  }

  async #do(kind, body, { tolerant = false } = {}) {
    const { user, channel } = this;
    const answer = await this.discord.interact({ user, channel, kind, ...body });
    if (answer.outcome === 'failed' && !tolerant) throw new Error(JSON.stringify({ body, answer }));
    return answer;
  }

  command(command, options) {
    const [name, subcommand] = command.split(' ');
    return this.#do('command', { name, subcommand, options });
  }

  /** Presses the button of a message whose id begins like this. */
  press(message, begins, options) {
    const custom_id = ids(message).find((id) => id.startsWith(begins));
    return this.#do('component', { message: message.id, custom_id, values: [] }, options);
  }

  submit(form, values) {
    return this.#do('modal', { custom_id: form.modal.custom_id, values });
  }

  /** Waits for a message with this text and a button whose id begins like this. */
  sees(text, begins) {
    return until(text, async () => {
      const path = `channels/${this.channel}/messages?user=${this.user}`;
      const { messages } = await this.discord.get(path);
      const fits = (message) => JSON.stringify(message).toLowerCase().includes(text.toLowerCase())
        && ids(message).some((id) => id.startsWith(begins));
      return messages.findLast(fits);
    });
  }
}

function ids(message) {
  return message.components.flatMap((row) => row.components ?? []).map((each) => each.custom_id ?? '');
}

/** What a container and a process have in common. */
class Bot {
  constructor(discord, place) {
    Object.assign(this, { discord, place });
  }

  settings() {
    return {
      BOT_TOKEN: 'playground',
      DISCORD_API_URL: this.discord.url,
      HTTP_ADDR: `127.0.0.1:${this.port}`,
    };
  }

  /** Starts it; how long it took until it was ready, in milliseconds. */
  async start() {
    const started = performance.now();
    await this.launch();
    await until('ready', async () => {
      const answer = await fetch(`http://127.0.0.1:${this.port}/readyz`).catch(() => null);
      return answer?.ok;
    });
    return Math.round(performance.now() - started);
  }

  /** The bot that follows, prepared as far as can be while this one runs. */
  async next() {
    const next = new this.constructor(this.discord, this.place);
    await next.create();
    return next;
  }

  async replaceWith(next) {
    await next.start();
    await this.discard();
    return next;
  }
}

/** A container, whose place is a volume. */
export class Container extends Bot {
  async create() {
    this.port = await freePort();
    this.place ??= await podman('volume', 'create');
    const settings = Object.entries(this.settings()).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
    this.id = await podman('create', ...LOCKED, '--volume', `${this.place}:/data`, ...settings, IMAGE);
  }

  async launch() {
    await podman('start', this.id);
  }

  /** Through the image's own health check. */
  async healthy() {
    return (await bare('healthcheck', 'run', this.id)).code === 0;
  }

  /** Stops it as everybody does, SIGTERM to process 1; its exit code. */
  async stop() {
    await podman('stop', '--time', '10', this.id);
    return Number(await podman('inspect', '--format', '{{.State.ExitCode}}', this.id));
  }

  async discard() {
    await podman('rm', '--force', this.id);
  }

  async remove() {
    if (this.id) await this.discard();
    if (this.place) await podman('volume', 'rm', this.place);
  }
}

/** A process, whose place is a folder. */
export class Process extends Bot {
  async create() {
    this.port = await freePort();
    this.place ??= await mkdtemp(join(tmpdir(), 'evening-'));
  }

  async launch() {
    this.child = spawn(PROGRAM, ['run'], { cwd: this.place, env: this.settings(), stdio: 'ignore' });
    this.ended = new Promise((resolve) => { this.child.once('close', resolve); });
  }

  async healthy() {
    return (await run(PROGRAM, ['check', '--live'], { env: this.settings() })).code === 0;
  }

  async stop() {
    this.child.kill('SIGTERM');
    return this.ended;
  }

  async discard() {}

  async remove() {
    if (this.child?.exitCode === null) await this.stop();
    if (this.place) await rm(this.place, { recursive: true, force: true });
  }
}
