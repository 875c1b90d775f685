// The page: who looks, at what, and what happens there. The other modules make the parts.

import { Mistake, get, interact, listen } from './api.js';
import { Composer } from './composer.js';
import { h } from './dom.js';
import { MessageList } from './log.js';
import { renderFailure, renderMessage } from './message.js';
import { openModal } from './modal.js';
import { drawPeople, drawPlaces } from './places.js';
import { keepTime } from './time.js';
import { World } from './world.js';

const LOOK_AT_BOT_MS = 3000;
const DIRECT = 'dm';
const element = (id) => document.getElementById(id);

/** What is on the screen. `at` is a channel's id, or `dm` for direct messages with the bot. */
const state = {
  world: null, me: null, at: null,
  /** The channel of the direct messages, once there is one. */
  direct: null,
  connected: false, unread: new Set(), titles: new Map(),
  /** Events that arrive while messages are being loaded; null at other times. */
  waiting: null, loads: 0,
};
const log = new MessageList(element('log'), element('newest'));
const composer = new Composer(element('composer'), { place, send, complete });

function guild() {
  return state.world.channel(state.at)?.guild ?? null;
}

function place() {
  return { world: state.world, guild: guild(), me: state.me };
}

/** The fields of an interaction that say who and where. */
function whereabouts() {
  return state.at === DIRECT ? { user: state.me } : { user: state.me, channel: state.at };
}

const names = {
  user: (id) => state.world.name(id, guild()),
  role: (id) => state.world.role(id)?.name.replace(/^@/, ''),
  channel: (id) => state.world.channel(id)?.channel.name,
  jump(address) {
    const [, channel, message] = /^https:\/\/(?:\w+\.)?discord\.com\/channels\/(?:\d+|@me)\/(\d+)(?:\/(\d+))?$/.exec(address) ?? [];
    const at = channel === state.direct ? DIRECT : channel;
    if (at !== DIRECT && !state.world.channel(at)) return null;
    return `#${new URLSearchParams({ as: state.me, at, ...(message && { message }) })}`;
  },
};

function view(everyone = false) {
  return {
    me: state.me, world: state.world, place: place(), names: { ...names, everyone },
    used: (interaction) => state.titles.get(interaction),
    dismiss(id) {
      log.dismiss(id);
      composer.focus();
    },
    press,
  };
}

const draw = (message) => (message.title
  ? renderFailure(message, view())
  : renderMessage(message, view(message.mention_everyone)));

/** Loads who and what is there, and then the messages. */
async function loadWorld() {
  try {
    state.world = new World(await get('/client/world'));
  } catch (error) {
    return trouble(error.message);
  }
  return follow();
}

/** Loads who and what is there anew; the messages stay, unless their channel is gone. */
async function lookAround() {
  const world = await get('/client/world').then((raw) => new World(raw), () => null);
  if (!world || !state.world) return;
  const before = state.world;
  state.world = world;
  if (state.at !== DIRECT && !world.channel(state.at)) follow();
  else drawAround();
  log.each((message) => threadName(before, message) !== threadName(world, message) && log.update(message, draw));
}

/** The name of the thread that was started at a message, whose id it has. */
function threadName(world, message) {
  return world.channel(message.id)?.channel.name;
}

/** Goes to where the address bar says, or to the nearest place there is. */
function follow() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  const { world } = state;
  const before = `${state.me} ${state.at}`;
  state.me = world.users.has(wanted.get('as')) && wanted.get('as') !== world.bot.id ? wanted.get('as') : world.people[0].id;
  const channels = world.guildsOf(state.me).flatMap((one) => world.channelsOf(one, state.me).map((channel) => channel.id));
  state.at = wanted.get('at') === DIRECT || channels.includes(wanted.get('at')) ? wanted.get('at') : channels[0] ?? DIRECT;
  if (!before.startsWith(`${state.me} `)) {
    state.direct = null;
    state.unread.clear();
  }
  drawAround();
  if (before !== `${state.me} ${state.at}`) {
    document.querySelector('dialog[open]')?.close();
    log.clear();
    composer.reset(element('title').textContent);
  }
  return loadMessages(wanted.get('message'));
}

function go({ as = state.me, at = state.at }) {
  const hash = `#${new URLSearchParams({ as, at })}`;
  document.body.classList.remove('menu-open');
  element('menu').setAttribute('aria-expanded', 'false');
  if (location.hash !== hash) history.pushState(null, '', hash);
  follow();
}

function drawAround() {
  state.unread.delete(state.at === DIRECT ? state.direct : state.at);
  const channel = state.world.channel(state.at)?.channel;
  const title = channel ? `${channel.thread ? '🧵 ' : '#'}${channel.name}` : state.world.bot.username;
  element('title').textContent = title;
  document.title = `${title} · Playground`;
  drawPlaces(element('places'), state, go);
  drawPeople(element('me'), place(), go);
}

async function loadMessages(focus) {
  const load = (state.loads += 1);
  state.waiting = [];
  let direct;
  let seen;
  try {
    direct = await get(`/client/users/${state.me}/dms`);
    seen = state.at === DIRECT ? direct : await get(`/client/channels/${state.at}/messages?user=${state.me}`);
  } catch (error) {
    if (load !== state.loads) return null;
    state.waiting = null;
    return trouble(error.message);
  }
  // Another place was chosen meanwhile.
  if (load !== state.loads) return null;
  const later = state.waiting.filter((event) => event.revision > seen.revision);
  state.waiting = null;
  state.direct = direct.channel;
  log.fill(seen.messages, draw);
  later.forEach(heard);
  if (focus) log.point(focus);
  return lookAtBot();
}

function heard(event) {
  if (event.type === 'lagged') return loadWorld();
  if (event.type === 'world_changed') return lookAround();
  if (!state.world || (event.only_for && event.only_for !== state.me)) return null;
  if (state.waiting) return state.waiting.push(event);
  const here = event.channel === (state.at === DIRECT ? state.direct : state.at);
  if (!here) return elsewhere(event);
  if (event.type === 'message_created') log.add(event.detail, draw);
  if (event.type === 'message_updated') log.update(event.detail, draw);
  if (event.type === 'message_deleted') log.remove(event.detail.id);
  return null;
}

/** News of a channel that is not on the screen. */
async function elsewhere(event) {
  if (event.type !== 'message_created') return;
  if (!state.world.channel(event.channel) && state.direct === null) {
    const { me } = state;
    const direct = await get(`/client/users/${me}/dms`).catch(() => null);
    if (me !== state.me || !direct?.channel) return;
    state.direct = direct.channel;
    if (state.at === DIRECT && state.direct === event.channel) {
      loadMessages();
      return;
    }
  }
  state.unread.add(event.channel);
  drawPlaces(element('places'), state, go);
}

/** Sends a command; gives a sentence if it was not even tried. */
async function send(command, options) {
  const { name, group, subcommand, title } = command;
  const from = { me: state.me, at: state.at };
  return attempt({ kind: 'command', name, group, subcommand, options }, {
    title,
    failed(answer) {
      if (from.me !== state.me || from.at !== state.at) return;
      log.add({ id: answer.id, title, error: answer.error, at: new Date().toISOString() }, draw);
    },
  });
}

/** Presses a button or uses a select of a message. */
async function press(part, values, target) {
  const article = target.closest('article');
  // As in Discord, one press at a time: a double click is one.
  if (article.hasAttribute('aria-busy')) return;
  article.querySelector('.failure')?.remove();
  article.setAttribute('aria-busy', 'true');
  target.classList.add('busy');
  const complain = (sentence) => log.remark(article.dataset.id, h('p', { class: 'failure', role: 'alert' }, sentence));
  const problem = await attempt({ kind: 'component', message: article.dataset.id, custom_id: part.custom_id, values }, {
    failed: (answer) => complain(`This interaction failed. ${answer.error}.`),
  });
  article.removeAttribute('aria-busy');
  target.classList.remove('busy');
  if (problem) complain(problem);
}

/** Sends an interaction and does what its answer says. */
async function attempt(body, { title, failed }) {
  const from = whereabouts();
  try {
    const answer = await interact({ ...from, ...body });
    remember(answer, title);
    if (answer.outcome === 'failed') failed(answer);
    if (answer.outcome === 'modal' && from.user === state.me) showModal(answer.modal, from);
    if (state.at === DIRECT && state.direct === null) loadMessages();
    return null;
  } catch (error) {
    if (error instanceof Mistake) return error.message;
    throw error;
  }
}

/** Which command an interaction was, for the line above its answer. */
function remember({ id, message }, title) {
  if (!title) return;
  state.titles.set(id, title);
  if (message) log.update(log.get(message.id) ?? message, draw);
}

function showModal(definition, from) {
  document.querySelector('dialog[open]')?.close();
  const opener = document.activeElement;
  const dialog = openModal(definition, {
    place: place(), names: { ...names, everyone: false },
    async submit(values) {
      let problem = null;
      const failed = (answer) => { problem = `Something went wrong. ${answer.error}.`; };
      const refused = await attempt({ ...from, kind: 'modal', custom_id: definition.custom_id, values }, { failed });
      return refused ?? problem;
    },
  });
  dialog.addEventListener('close', () => (opener?.isConnected && opener !== document.body ? opener.focus() : composer.focus()));
}

async function complete(command, options, focused) {
  const { name, group, subcommand } = command;
  const answer = await interact({ ...whereabouts(), kind: 'autocomplete', name, group, subcommand, options, focused });
  if (answer.outcome !== 'choices') throw new Mistake(`${answer.error}.`);
  return answer.choices;
}

function trouble(sentence) {
  const line = element('trouble');
  if (line.textContent !== (sentence ?? '')) line.textContent = sentence ?? '';
  line.hidden = !sentence;
}

/** Says plainly when the bot, or the playground itself, is not there. */
async function lookAtBot() {
  let sessions;
  try {
    ({ sessions } = await get('/client/gateway'));
  } catch (error) {
    return trouble(error.message);
  }
  const connected = sessions.some((session) => session.connected);
  const back = connected && (!state.connected || state.world?.all.length === 0);
  const changed = connected !== state.connected;
  state.connected = connected;
  trouble(connected ? null : 'The bot is not connected. Commands and buttons get no answer until it is.');
  if (changed && state.world) drawPlaces(element('places'), state, go);
  // A bot that comes registers its commands, then or shortly after.
  if (back) state.world = await get('/client/world').then((raw) => new World(raw), () => state.world);
  return null;
}

element('menu').addEventListener('click', () => {
  const open = document.body.classList.toggle('menu-open');
  element('menu').setAttribute('aria-expanded', String(open));
  if (open) element('places').querySelector('[aria-current]')?.focus();
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && document.body.classList.contains('menu-open')) element('menu').click();
  // As in Discord, typing goes to the line at the bottom wherever the focus is.
  if (event.key === '/' && event.target.matches('body, #log, article')) {
    event.preventDefault();
    composer.begin();
  }
});
window.addEventListener('popstate', follow);
setInterval(lookAtBot, LOOK_AT_BOT_MS);
keepTime();
listen({ opened: loadWorld, heard, failed: lookAtBot });
