// What a person does in the playground, in a real browser with the real bot behind it.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { command, fill, look, reasonToSkip, startBrowser, startPlayground } from './stage.mjs';

const PHONE = { width: 390, height: 844 };
const skip = await reasonToSkip();

describe('the playground in a browser', { skip }, () => {
  let playground;
  let browser;

  before(async () => {
    playground = await startPlayground();
    browser = await startBrowser();
  });

  after(async () => {
    await browser?.close();
    await playground?.stop();
  });

  const key = () => ({ 'x-playground-key': playground.key });
  const open = (options) => look(browser, playground, options);

  test('a person sets up, plans a session and joins it, with the keyboard alone', async () => {
    const { page, complaints } = await open({ as: 'Mira' });
    await setUp(page, 'Mira#1234');
    await plan(page, 'Keyboard night');
    const card = page.getByRole('article').filter({ hasText: 'Tank 0/1' });
    await card.getByRole('button', { name: 'Join' }).focus();
    await page.keyboard.press('Enter');
    const modal = page.getByRole('dialog');
    await modal.getByRole('button', { name: 'Submit' }).focus();
    await page.keyboard.press('Enter');
    await modal.waitFor({ state: 'detached' });
    await page.getByText(/You are in the queue/i).first().waitFor();
    assert.deepEqual(complaints, []);
    await page.context().close();
  });

  test('a newcomer joins through one modal, whose mistakes are told next to the input', async () => {
    const organiser = await open({ as: 'Jonas' });
    await setUp(organiser.page, 'Jonas#1234');
    await plan(organiser.page, 'Newcomers');
    const { page, complaints } = await open({ as: 'Aiko', ...PHONE });
    const card = page.getByRole('article').filter({ hasText: 'Newcomers' });
    await card.getByRole('button', { name: 'Join' }).click();
    const modal = page.getByRole('dialog');
    await modal.getByRole('button', { name: 'Submit' }).click();
    await modal.getByRole('alert').filter({ hasText: 'This is required.' }).first().waitFor();
    await modal.getByRole('textbox', { name: /BattleTag/i }).fill('Aiko#4321');
    await modal.getByRole('combobox', { name: 'Roles you would play' }).click();
    await page.getByRole('option', { name: 'Damage' }).click();
    await page.getByRole('option', { name: 'Support' }).click();
    await page.keyboard.press('Escape');
    await modal.getByRole('button', { name: 'Submit' }).click();
    await modal.waitFor({ state: 'detached' });
    await card.filter({ hasText: '@Aiko' }).waitFor();
    assert.deepEqual(complaints, []);
    await page.context().close();
    await organiser.page.context().close();
  });

  test('a thread and an event of a session are there to be seen', async () => {
    const { page, complaints } = await open({ as: 'Mira' });
    await plan(page, 'Threaded', async () => {
      for (const option of ['thread', 'event']) await fill(page, option, 'Yes', /Yes/);
    });
    const card = page.getByRole('article').filter({ hasText: 'Threaded' }).filter({ has: page.getByRole('button', { name: 'Join' }) });
    const places = page.getByRole('navigation');
    await places.getByRole('button', { name: 'Threaded' }).waitFor();
    await places.getByRole('listitem').filter({ hasText: 'Threaded' }).waitFor();
    await card.getByRole('link', { name: '🧵 Threaded' }).click();
    await page.getByRole('heading', { name: 'Threaded' }).waitFor();
    assert.deepEqual(complaints, []);
    await page.context().close();
  });

  test('private answers are for one person, and can be dismissed', async () => {
    const freya = await open({ as: 'Freya' });
    await command(freya.page, '/profile show');
    await freya.page.getByRole('button', { name: 'Send' }).click();
    const answer = freya.page.getByRole('article').filter({ hasText: 'Only you can see this' });
    await answer.waitFor();
    const other = await open({ as: 'Kwame' });
    await command(other.page, '/session list');
    await other.page.getByRole('button', { name: 'Send' }).click();
    await other.page.getByRole('article').filter({ hasText: 'Kwame' }).waitFor();
    assert.equal(await other.page.getByRole('log').getByText('Freya').count(), 0);
    await answer.getByRole('button', { name: 'Dismiss message' }).click();
    await answer.waitFor({ state: 'detached' });
    await freya.page.context().close();
    await other.page.context().close();
  });

  test('a hidden channel is neither listed, nor opened, nor offered, to the person it is hidden from', async () => {
    const { guilds, people } = await (await fetch(`${playground.url}/client/world`, { headers: key() })).json();
    const [hidden, shown] = guilds[0].channels;
    const kwame = people.find((person) => person.global_name === 'Kwame').id;
    const overwrite = async (deny) => {
      const body = JSON.stringify({ id: kwame, type: 'member', deny });
      const path = `${playground.url}/client/channels/${hidden.id}/overwrites`;
      const answer = await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json', ...key() }, body });
      assert.ok(answer.ok);
    };
    const places = (page) => page.getByRole('navigation').getByRole('button');
    await overwrite(String(1 << 10));
    const { page, complaints } = await open({ as: 'Kwame' });
    await places(page).filter({ hasText: shown.name }).first().waitFor();
    await page.getByRole('heading', { name: shown.name }).waitFor();
    assert.equal(await places(page).filter({ hasText: hidden.name }).count(), 0);
    // The address of a hidden channel leads to the nearest place there is.
    await page.goto(`${playground.url}/#${new URLSearchParams({ as: kwame, at: hidden.id })}`);
    await page.getByRole('heading', { name: shown.name }).waitFor();
    await command(page, '/session move');
    await page.getByRole('combobox', { name: /^channel\b/ }).focus();
    await page.locator('.option:visible', { hasText: shown.name }).waitFor();
    assert.equal(await page.locator('.option:visible', { hasText: hidden.name }).count(), 0);
    assert.deepEqual(complaints, []);
    await page.context().close();
    // Others see it, and so does Kwame once it is shown again.
    const other = await open({ as: 'Mira' });
    await places(other.page).filter({ hasText: hidden.name }).first().waitFor();
    await overwrite('0');
    const again = await open({ as: 'Kwame' });
    await places(again.page).filter({ hasText: hidden.name }).first().waitFor();
    for (const one of [other, again]) await one.page.context().close();
  });

  test('a bot that does not answer is told where the command was', async () => {
    const { page } = await open({ as: 'Ines' });
    const faults = `${playground.url}/client/faults`;
    const route = '/interactions/{interaction_id}/{interaction_token}/callback';
    // Answers are sent again while the three seconds last, so that a few failures are not enough.
    await page.request.post(`${faults}/requests`, { data: { route, times: 1000, status: 500 } });
    await command(page, '/session list');
    await page.getByRole('button', { name: 'Send' }).press('Enter');
    await page.getByRole('alert').filter({ hasText: 'The application did not respond' }).waitFor();
    await page.request.delete(faults);
    await page.context().close();
  });

  test('required options and refused text are told before anything is sent', async () => {
    const { page } = await open({ as: 'Linh' });
    await page.getByRole('combobox', { name: 'Command' }).fill('hello');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'Only commands can be sent from here.' }).waitFor();
    await page.getByRole('combobox', { name: 'Command' }).fill('');
    await command(page, '/session create');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByRole('alert').filter({ hasText: 'This option is required.' }).first().waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.getByRole('combobox', { name: 'Command' }).waitFor();
    await page.context().close();
  });

  test('markdown becomes what Discord makes of it, and never markup', async () => {
    const { page } = await open({ as: 'Mira' });
    const shown = await page.evaluate(async (texts) => {
      const { markdown } = await import('/page/markdown.js');
      const names = { user: () => 'Mira', role: () => 'Crew', channel: () => 'general', jump: () => null };
      return texts.map((text) => {
        const box = document.createElement('div');
        box.append(markdown(text, names));
        return box.innerHTML;
      });
    }, MARKDOWN.map(([text]) => text));
    assert.deepEqual(shown, MARKDOWN.map(([, html]) => html));
    await page.context().close();
  });

  test('nothing is wider than a phone', async () => {
    const { page } = await open({ as: 'Mira', ...PHONE });
    await page.getByRole('article').first().waitFor();
    const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.equal(await overflow(), 0);
    await command(page, '/session create');
    assert.equal(await overflow(), 0);
    await page.context().close();
  });
});

const MARKDOWN = [
  ['**bold** *it* _it_ __under__ ~~gone~~ `a*b*`', '<strong>bold</strong> <em>it</em> <em>it</em> <u>under</u> <s>gone</s> <code>a*b*</code>'],
  ['***both***', '<em><strong>both</strong></em>'],
  ['snake_case_name 5 * 3 * 2', 'snake_case_name 5 * 3 * 2'],
  ['\\*\\*no\\*\\* \\<@1> 1\\. \\a', '**no** &lt;@1&gt; 1. \\a'],
  ['<img src=x onerror=alert(1)>', '&lt;img src=x onerror=alert(1)&gt;'],
  ['<@1> <@&2> <#3>', '<span class="mention">@Mira</span> <span class="mention">@Crew</span> <span class="mention">#general</span>'],
  ['> one\n> two\nthree', '<blockquote>one\ntwo</blockquote>three'],
  ['# big\n- a\n- b', '<div class="h1" role="heading" aria-level="3">big</div><ul><li>a</li><li>b</li></ul>'],
  ['[x](javascript:alert) [y](https://a.example/)', '[x](javascript:alert) <a href="https://a.example/" target="_blank" rel="noopener noreferrer">y</a>'],
  ['```js\n**code**\n```', '<pre><code>**code**</code></pre>'],
];

/** A time zone, a role and an account, so that everything can be used. */
async function setUp(page, battletag) {
  await command(page, '/profile edit');
  await fill(page, 'timezone', 'berlin', /Europe\/Berlin/);
  await fill(page, 'roles', 'tank', 'Tank');
  await page.getByRole('button', { name: 'Send' }).press('Enter');
  await page.getByRole('article').filter({ hasText: 'Europe/Berlin' }).waitFor();
  await command(page, '/account add');
  await page.getByRole('textbox', { name: 'battletag' }).focus();
  await page.keyboard.type(battletag);
  await fill(page, 'tank', 'dia 3', 'Diamond 3');
  await page.getByRole('textbox', { name: 'battletag' }).press('Enter');
  await page.getByRole('article').filter({ hasText: battletag }).waitFor();
}

/** A session a day from now; its card is in the channel afterwards. */
async function plan(page, title, more = async () => {}) {
  await command(page, '/session create');
  await fill(page, 'mode', '5v5', /5v5/);
  await fill(page, 'when', 'tomorrow 20:30', /20:30/);
  await more();
  await page.getByRole('textbox', { name: 'title' }).fill(title);
  await page.getByRole('textbox', { name: 'title' }).press('Enter');
  await page.getByRole('article').filter({ hasText: title }).filter({ has: page.getByRole('button', { name: 'Join' }) }).waitFor();
}
