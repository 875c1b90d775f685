// Bots on other people's libraries, against the embedded Discord: whatever they cannot read, it says wrong.
// CLIENTS names those that are run: CLIENTS=discord.py,hikari,discord.js (all by default).

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Discord } from '../container/stage.mjs';

/** The application's id in base64, as real tokens begin, and the token of `playground --discord-only`. */
const TOKEN = 'MTA5OTUxMTYyNzc3NjAwMDAwMA.playground';
const PYTHON = process.env.CLIENTS_PYTHON ?? 'target/clients/bin/python';
const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const ALL = {
  'discord.py': [PYTHON, here('discord_py.py')],
  hikari: [PYTHON, here('hikari_bot.py')],
  'discord.js': [process.execPath, here('discord_js.mjs')],
};
const WANTED = (process.env.CLIENTS ?? Object.keys(ALL).join(',')).split(',');
/** Longest wait for what has to happen. */
const WAIT_MAX_MS = 60_000;
/** More than the 2 MB that frameworks take by default, and all that Discord takes. */
const SIZES = [1_000, 3_000_000, 10 * 1024 * 1024];

/** A bot in a process of its own, and what it tells. */
class Bot {
  constructor(command, url) {
    this.told = [];
    this.waiting = new Set();
    const [program, ...args] = command;
    this.child = spawn(program, [...args, url, TOKEN], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.ended = new Promise((resolve) => { this.child.once('close', resolve); });
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      // What a library logs is no event.
      if (line.startsWith('{')) this.told.push(JSON.parse(line));
      else console.error(line);
      for (const look of this.waiting) look();
    });
    this.ended.then(() => { for (const look of this.waiting) look(); });
  }

  /** Waits for the `n`-th event of this name that has these fields. */
  tells(event, fields = {}, n = 1) {
    const fits = (one) => one.event === event
      && Object.entries(fields).every(([name, value]) => one[name] === value);
    return new Promise((resolve, reject) => {
      const stop = (then, value) => {
        clearTimeout(late);
        this.waiting.delete(look);
        then(value);
      };
      const failed = (why) => new Error(`${why}: ${event} ${JSON.stringify(fields)} in ${JSON.stringify(this.told)}`);
      const late = setTimeout(() => stop(reject, failed('never told')), WAIT_MAX_MS);
      const look = () => {
        const found = this.told.filter(fits)[n - 1];
        if (found) stop(resolve, found);
        else if (this.child.exitCode !== null) stop(reject, failed('ended before it told'));
      };
      this.waiting.add(look);
      look();
    });
  }

  count(event) {
    return this.told.filter((one) => one.event === event).length;
  }

  async stop() {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

for (const name of WANTED) {
  assert.ok(name in ALL, `CLIENTS: there is no ${name}`);
  describe(name, { timeout: 4 * WAIT_MAX_MS }, () => {
    let discord;
    let bot;
    let person;

    before(async () => {
      discord = await Discord.open();
      bot = new Bot(ALL[name], discord.url);
      person = discord.person(2);
      await bot.tells('ready');
    });
    after(async () => {
      await bot?.stop();
      await discord?.close();
    });

    const post = async (path, body) => {
      const response = await fetch(`${discord.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bot ${TOKEN}`, ...discord.headers },
        body: JSON.stringify(body),
      });
      assert.ok(response.ok, `${path}: ${response.status} ${await response.clone().text()}`);
      return response.json();
    };
    const fault = (action) => post('/client/faults/gateway', { action });
    const say = (content) => post(`/api/v10/channels/${person.channel}/messages`, { content });
    const sessions = async () => (await discord.get('gateway')).sessions;

    it('sees the servers and registers commands', async () => {
      assert.equal((await bot.tells('ready')).guilds, 2);
      const { commands } = await discord.get('world');
      assert.deepEqual(commands.map((one) => one.name).sort(), ['file', 'members', 'probe']);
    });

    it('answers a command, a click and a form', async () => {
      const { message } = await person.command('probe', {});
      assert.equal(message.content, 'Clicked 0 times.');
      const counted = await person.press(message, 'count');
      assert.equal(counted.message.content, 'Clicked 1 time.');
      const form = await person.press(message, 'ask');
      assert.equal(form.outcome, 'modal');
      const [input] = form.modal.components.flatMap((row) => row.components ?? [row.component]);
      const said = await person.submit(form, { [input.custom_id]: 'hello' });
      assert.equal(said.message.content, 'You said hello.');
    });

    for (const size of SIZES) {
      it(`sends a file of ${size} bytes and reads it back`, async () => {
        const sent = await person.command('file', { size });
        const text = `Read ${size} bytes, the same: true.`;
        const path = `channels/${person.channel}/messages?user=${person.user}`;
        const end = Date.now() + WAIT_MAX_MS;
        for (let seen; seen !== text;) {
          const { messages } = await discord.get(path);
          seen = messages.find((one) => one.id === sent.message.id)?.content;
          assert.ok(Date.now() < end, `never seen: ${text}; instead: ${seen}`);
        }
      });
    }

    it('finds members by op 8', async () => {
      const { message } = await person.command('members', { prefix: 'mi' });
      assert.equal(message.content, 'Found mira.');
    });

    it('is told of threads and events', async () => {
      const message = await say('a start');
      await post(`/api/v10/channels/${person.channel}/messages/${message.id}/threads`, { name: 'a thread' });
      await bot.tells('thread', { name: 'a thread' });
      const at = (hours) => new Date(Date.now() + hours * 3_600_000).toISOString();
      await post(`/api/v10/guilds/${discord.world.guilds[0].id}/scheduled-events`, {
        name: 'an event', privacy_level: 2, entity_type: 3, entity_metadata: { location: 'here' },
        scheduled_start_time: at(1), scheduled_end_time: at(2),
      });
      await bot.tells('scheduled', { name: 'an event' });
    });

    it('resumes after op 7 and after a torn socket, and misses nothing', async () => {
      for (const [n, action] of ['reconnect', 'drop'].entries()) {
        const before = await sessions();
        await fault(action);
        await say(`during ${action}`);
        await bot.tells('message', { content: `during ${action}` });
        await bot.tells('resumed', {}, n + 1);
        const now = await sessions();
        assert.deepEqual(now.map((one) => one.session_id), before.map((one) => one.session_id));
      }
    });

    it('identifies anew after op 9', async () => {
      const [before] = await sessions();
      await fault('invalidate');
      const again = bot.count('shard_ready') > 0 ? 'shard_ready' : 'ready';
      await bot.tells(again, {}, bot.count(again) + 1);
      const now = await sessions();
      assert.ok(now.every((one) => one.session_id !== before.session_id));
      const { message } = await person.command('probe', {});
      assert.equal(message.content, 'Clicked 0 times.');
    });
  });
}
