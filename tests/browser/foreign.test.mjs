// What other websites get from a playground that is open in the same browser: nothing.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { look, reasonToSkip, startBrowser, startPlayground } from './stage.mjs';

const skip = await reasonToSkip();
/** A name of the attacker's that resolves to this machine, as after DNS rebinding. */
const EVIL = 'evil.test';
/** The bot's token in the playground, which everybody can read in its source. */
const TOKEN = 'playground';
/** How long a page may try. */
const TRY_MAX_MS = 5_000;

describe('websites in the browser of whoever plays', { skip }, () => {
  let playground;
  let browser;
  let attacker;
  let port;
  /** What scripts reported to the attacker. */
  const loot = [];

  before(async () => {
    playground = await startPlayground();
    browser = await startBrowser(`--host-resolver-rules=MAP ${EVIL} 127.0.0.1`);
    attacker = createServer((request, response) => {
      if (request.url.startsWith('/loot')) loot.push(request.url);
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>Kittens</title>');
    });
    await new Promise((resolve) => { attacker.listen(0, '127.0.0.1', resolve); });
    ({ port } = attacker.address());
  });

  after(async () => {
    await browser?.close();
    attacker?.closeAllConnections();
    attacker?.close();
    await playground?.stop();
  });

  const api = (path, init) => fetch(`${playground.url}${path}`, {
    ...init, headers: { authorization: `Bot ${TOKEN}`, 'x-playground-key': playground.key ?? '', ...init?.headers },
  });
  const world = async () => (await api('/client/world')).json();
  const messages = async () => {
    const { guilds: [guild], people: [person] } = await world();
    return (await api(`/client/channels/${guild.channels[0].id}/messages?user=${person.id}`)).json();
  };

  /** A command that was sent once: what a foreign page would have delivered again. */
  async function send() {
    const { guilds: [guild], people: [person] } = await world();
    const body = JSON.stringify({ user: person.id, channel: guild.channels[0].id, kind: 'command', name: 'session', subcommand: 'list' });
    const answer = await api('/client/interactions', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    return (await answer.json()).id;
  }

  /** How many interactions the bot was sent. */
  const delivered = async () => {
    const { dispatches } = await (await api('/client/dispatches')).json();
    return dispatches.filter(({ t }) => t === 'INTERACTION_CREATE').length;
  };

  for (const host of [EVIL, '127.0.0.1', 'localhost']) {
    test(`a page of ${host} reads nothing, sends nothing and connects to nothing`, async () => {
      const { page } = await look(browser, playground, { as: 'Mira' });
      const id = await send();
      const before = { delivered: await delivered(), seen: await messages() };
      const foreign = await page.context().newPage();
      await foreign.goto(`http://${host}:${port}/`);
      const answers = [];
      foreign.on('response', (answer) => answer.url().startsWith(playground.url) && answers.push([answer.url(), answer.status()]));
      const got = await foreign.evaluate(tryEverything, { url: playground.url, id, time: TRY_MAX_MS });
      assert.deepEqual(got, { read: 'refused', written: 'refused', socket: 'refused', news: 'refused', script: 'refused', picture: 'refused' });
      // The frame. What else no page can read the answer of is seen by its effect, below.
      assert.deepEqual(answers, [[`${playground.url}/`, 403]]);
      for (const [path, method] of [[`/client/interactions/${id}/redeliver`, 'POST'], ['/client/world', 'GET']]) {
        const form = await page.context().newPage();
        await form.goto(`http://${host}:${port}/`);
        const arrived = form.waitForResponse((response) => response.url().startsWith(playground.url));
        await form.evaluate(submit, { action: playground.url + path, method });
        assert.equal((await arrived).status(), 403, path);
      }
      assert.deepEqual({ delivered: await delivered(), seen: await messages() }, before);
      // The page of the playground goes on as before.
      assert.equal((await page.request.get('/client/world')).status(), 200);
      await page.context().close();
    });
  }

  test('a name that was made to resolve to this machine gets nothing (DNS rebinding)', async () => {
    const { page } = await look(browser, playground, { as: 'Mira' });
    const rebound = await page.context().newPage();
    const origin = playground.url.replace('127.0.0.1', EVIL);
    for (const path of ['/', '/client/world', `/?key=${playground.key}`]) {
      const answer = await rebound.goto(`${origin}${path}`);
      assert.equal(answer.status(), 403, path);
      assert.doesNotMatch(await answer.text(), /guilds|<html/, path);
    }
    await page.context().close();
  });

  test('an uploaded page is a download, and runs nothing', async () => {
    const { page } = await look(browser, playground, { as: 'Mira' });
    const { guilds: [guild] } = await world();
    for (const [name, type] of [['gift.html', 'text/html'], ['gift.svg', 'image/svg+xml'], ['gift.xhtml', 'application/xhtml+xml']]) {
      const script = `fetch('/client/world').then(() => { location = 'http://127.0.0.1:${port}/loot'; });`;
      const text = name === 'gift.html' ? `<script>${script}</script>`
        : `<svg xmlns="http://www.w3.org/2000/svg"><script>${script}</script></svg>`;
      const body = new FormData();
      body.append('payload_json', JSON.stringify({ content: name }));
      body.append('files[0]', new Blob([text], { type }), name);
      const message = await (await api(`/api/v10/channels/${guild.channels[0].id}/messages`, { method: 'POST', body })).json();
      const file = await page.context().newPage();
      const downloaded = file.waitForEvent('download', { timeout: TRY_MAX_MS }).then(() => true, () => false);
      await file.goto(message.attachments[0].url).catch(() => null);
      assert.equal(await downloaded, true, name);
      assert.equal(file.url(), 'about:blank', name);
    }
    assert.deepEqual(loot, []);
    await page.context().close();
  });

  test('the key is not left in the address, and scripts cannot read it', async () => {
    const { page } = await look(browser, playground, { as: 'Mira' });
    assert.doesNotMatch(page.url(), /key/);
    assert.equal(await page.evaluate(() => document.cookie), '');
    const [cookie] = await page.context().cookies(playground.url);
    const { value, httpOnly, sameSite } = cookie;
    assert.deepEqual({ value, httpOnly, sameSite }, { value: playground.key, httpOnly: true, sameSite: 'Strict' });
    await page.context().close();
  });

  test('a browser without the key is told where it is', async () => {
    const page = await browser.newPage();
    await page.goto(playground.url);
    await page.getByRole('status').filter({ hasText: 'Open the address that the playground printed' }).waitFor();
    const { status } = await page.evaluate(async () => ({ status: (await fetch('/client/world')).status }));
    assert.equal(status, 401);
    await page.context().close();
  });
});

/** Runs in the foreign page: every way in which it could get something, and whether it did. */
async function tryEverything({ url, id, time }) {
  const within = (attempt) => Promise.race([
    attempt.then(() => 'got in', () => 'refused'),
    new Promise((resolve) => { setTimeout(() => resolve('refused'), time); }),
  ]);
  const loads = (tag, attribute, path) => new Promise((resolve, reject) => {
    const element = document.createElement(tag);
    element.onload = resolve;
    element.onerror = reject;
    element[attribute] = url + path;
    document.body.append(element);
  });
  const socket = new Promise((resolve, reject) => {
    const ws = new WebSocket(`${url.replace('http', 'ws')}/?v=10&encoding=json`);
    ws.onerror = reject;
    ws.onopen = resolve;
  });
  const news = new Promise((resolve, reject) => {
    const source = new EventSource(`${url}/client/events`, { withCredentials: true });
    source.onopen = resolve;
    source.onerror = reject;
  });
  const json = { 'content-type': 'application/json' };
  const attempts = {
    read: fetch(`${url}/client/world`, { credentials: 'include' }),
    written: fetch(`${url}/client/faults`, { method: 'DELETE', credentials: 'include', headers: json }),
    socket, news,
    script: loads('script', 'src', '/page/dom.js'),
    picture: loads('img', 'src', '/page/icon.svg'),
  };
  const unread = [
    fetch(`${url}/client/interactions/${id}/redeliver`, { method: 'POST', mode: 'no-cors', credentials: 'include' }),
    loads('iframe', 'src', '/'),
  ];
  await Promise.all(unread.map(within));
  const results = await Promise.all(Object.values(attempts).map(within));
  return Object.fromEntries(Object.keys(attempts).map((name, n) => [name, results[n]]));
}

/** Runs in the foreign page: sends a form. */
function submit({ action, method }) {
  const form = Object.assign(document.createElement('form'), { action, method });
  document.body.append(form);
  form.submit();
}
