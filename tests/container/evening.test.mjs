// An evening with the program as it is shipped: in a container with a read-only root and a volume, or
// as a plain process where no image is given.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Container, Discord, IMAGE, Process, bare, refusedToStart } from './stage.mjs';

/** Discord's own patience for an answer to a click. */
const DISCORD_WAITS_MS = 3_000;
/** A machine may be too slow for that now and then, and the bot then had no chance. */
const UPDATES_MAX = 5;

describe(IMAGE ? 'the image' : 'the program', () => {
  let discord;
  let bot;

  before(async () => {
    discord = await Discord.open();
    bot = IMAGE ? new Container(discord) : new Process(discord);
  });

  after(async () => {
    await bot?.remove();
    await discord?.close();
  });

  test('an evening survives updates, and so does a click in the middle of one', async (t) => {
    await bot.create();
    t.diagnostic(`start to ready: ${await bot.start()} ms`);
    assert.equal(await bot.healthy(), true);
    const [organiser, player] = [discord.person(0), discord.person(2)];

    await organiser.command('account add', { battletag: 'Mira#1234' });
    await organiser.command('session create', {
      mode: '5v5', when: 'tomorrow 20:30', timezone: 'Europe/Berlin', title: 'Container night',
    });
    const card = await organiser.sees('Container night', 'join:');
    await player.command('account add', { battletag: 'Aiko#4321' });
    const form = await player.press(card, 'join:');
    assert.equal(form.outcome, 'modal', JSON.stringify(form));
    await player.submit(form, { roles: ['tank'] });
    await organiser.sees('Waiting (1)', 'join:');

    const gap = await updateUnderAClick(t, player, card);
    t.diagnostic(`clicked to ready again: ${gap} ms`);
    await organiser.sees('streaming', 'join:');
    const list = await player.command('session list', {});
    assert.match(JSON.stringify(list.message), /Container night/);
    const profile = await player.command('profile show', {});
    assert.match(JSON.stringify(profile.message), /Aiko\W+4321/);
    assert.equal(await bot.stop(), 0);
  });

  /** Replaces the bot by a new one while somebody clicks, until the machine was quick enough. */
  async function updateUnderAClick(t, player, card) {
    for (let update = 1; ; update += 1) {
      const next = await bot.next();
      assert.equal(await bot.stop(), 0, 'SIGTERM is a stop as asked');
      const clicked = performance.now();
      const click = player.press(card, 'streaming:', { tolerant: true });
      bot = await bot.replaceWith(next);
      const gap = Math.round(performance.now() - clicked);
      const answer = await click;
      if (answer.outcome !== 'failed') return gap;
      assert.ok(gap > DISCORD_WAITS_MS, `after ${gap} ms a click was lost: ${JSON.stringify(answer)}`);
      t.diagnostic(`an update took ${gap} ms, longer than Discord waits`);
      if (update === UPDATES_MAX) {
        await player.press(card, 'streaming:');
        return gap;
      }
    }
  }

  test('a setting that is missing is exit code 2, and a dyno without a database is one', async () => {
    const missing = await refusedToStart({});
    assert.deepEqual([missing.code, /BOT_TOKEN is not set/.test(missing.said)], [2, true], missing.said);
    const dyno = await refusedToStart({ BOT_TOKEN: 'playground', DYNO: 'worker.1' });
    assert.deepEqual([dyno.code, /Heroku dyno/.test(dyno.said)], [2, true], dyno.said);
  });

  test('without a volume nothing is written, and that is exit code 2, or 1 if it is wanted', { skip: !IMAGE }, async () => {
    const environment = { BOT_TOKEN: 'playground', DISCORD_API_URL: discord.url };
    const refused = await refusedToStart(environment);
    assert.deepEqual([refused.code, /is on no volume/.test(refused.said)], [2, true], refused.said);
    const { code, said } = await refusedToStart({ ...environment, START_EMPTY: 'try' });
    assert.deepEqual([code, /read-only|Read-only|unable to open/.test(said)], [1, true], said);
  });

  test('there is no shell in it, and nobody is root', { skip: !IMAGE }, async () => {
    const shell = await bare('run', '--rm', '--entrypoint', '/bin/sh', IMAGE, '-c', 'true');
    assert.notEqual(shell.code, 0);
    const user = await bare('image', 'inspect', '--format', '{{.Config.User}}', IMAGE);
    assert.equal(user.out.trim(), '65532:65532');
  });
});
