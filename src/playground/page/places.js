// The left side: servers, channels with their threads, events, direct messages, and who is looking.

import { h, initial, tint } from './dom.js';
import { timeElement } from './time.js';

const DIRECT = 'dm';
/** Where an event is in its life, as far as it is shown. */
const EVENT = { 1: '', 2: 'Now · ' };

/** Draws servers and channels. `go({at})` goes to one. */
export function drawPlaces(nav, { world, me, at, direct, connected, unread }, go) {
  const entry = (target, channel, mark, name) => h('button', {
    type: 'button', class: unread.has(channel) ? 'place unread' : 'place',
    'aria-current': target === at ? 'page' : null, onclick: () => go({ at: target }),
  }, h('span', { class: 'mark', 'aria-hidden': 'true' }, mark), h('span', { class: 'name' }, name),
  unread.has(channel) && h('span', { class: 'hidden' }, ' (unread)'));
  const focused = nav.contains(document.activeElement);
  nav.replaceChildren(
    h('section', {},
      h('h2', {}, 'Direct messages'),
      entry(DIRECT, direct, h('span', { class: connected ? 'dot on' : 'dot' }), world.bot.username)),
    ...world.guildsOf(me).map((guild) => h('section', {},
      h('h2', {}, guild.name),
      world.channelsOf(guild, me).filter((channel) => !channel.thread).flatMap((channel) => [
        entry(channel.id, channel.id, '#', channel.name),
        ...threadsOf(guild, channel, at).map((thread) => entry(thread.id, thread.id, '🧵', thread.name)),
      ]),
      eventsOf(guild))),
  );
  if (focused) nav.querySelector('[aria-current]')?.focus();
}

/** The threads in a channel: those that are on, and the one that is looked at. */
function threadsOf(guild, { id }, at) {
  return guild.channels.filter(({ thread, id: own }) => thread?.parent === id && (!thread.archived || own === at));
}

/** What a server's calendar shows: announced, or under way. */
function eventsOf(guild) {
  const on = guild.events.filter(({ status }) => status in EVENT);
  return on.length > 0 && h('ul', { class: 'events', 'aria-label': `Events of ${guild.name}` }, on.map((event) => h('li', { class: 'event' },
    h('span', { class: 'mark', 'aria-hidden': 'true' }, '📅'),
    h('span', { class: 'name' }, event.name, h('br'), h('small', {}, EVENT[event.status], timeElement(Date.parse(event.scheduled_start_time) / 1000, 's'))))));
}

/** Draws who is looking, and lets one be somebody else. */
export function drawPeople(panel, { world, guild, me }, go) {
  const list = panel.querySelector('select');
  const avatar = panel.querySelector('.avatar');
  list.replaceChildren(...world.people.map((person) => {
    const option = h('option', { value: person.id }, described(world, guild, person, me));
    option.selected = person.id === me;
    return option;
  }));
  list.onchange = () => go({ as: list.value });
  avatar.className = `avatar ${tint(me)}`;
  avatar.textContent = initial(world.name(me, guild));
  panel.querySelector('#standing').textContent = guild
    ? `${world.standing(guild, me)} · ${guild.name}`
    : 'alone with the bot';
}

/** "Mira — owner": a plain member needs no word, and who is looking has it below the name. */
function described(world, guild, person, me) {
  const name = world.name(person.id, guild);
  if (!guild || person.id === me) return name;
  if (!guild.members.some((one) => one.user === person.id)) return `${name} — not in ${guild.name}`;
  const standing = world.standing(guild, person.id);
  return standing === 'member' ? name : `${name} — ${standing}`;
}
