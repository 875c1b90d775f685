// One message as one person sees it: who, content, embeds, files, components, and its state.

import { coloured, component } from './components.js';
import { h, initial, safeUrl, tint } from './dom.js';
import { inlineMarkdown, markdown } from './markdown.js';
import { messageTime } from './time.js';

const HAS_THREAD = 1 << 5;
const EPHEMERAL = 1 << 6;
const LOADING = 1 << 7;
const KIB = 1024;
/** What the server serves as pictures; all other files are downloads. */
const PICTURE = /^image\/(?:png|jpeg|gif|webp|avif)$/;
/** Inline fields that stand side by side. */
const FIELDS_ABREAST_MAX = 3;

/**
 * Renders a message. `view` is what components need, and `{me, world, used(id), dismiss(id)}`:
 * `used` tells the command of an interaction, if it was sent from here.
 */
export function renderMessage(message, view) {
  const flags = message.flags ?? 0;
  const ephemeral = Boolean(flags & EPHEMERAL);
  const own = { ...view, file: (url, text) => attached(message, url, text) };
  const mentioned = message.mention_everyone || (message.mentions ?? []).some((user) => user.id === view.me);
  const name = view.names.user(message.author.id) ?? message.author.username;
  return h('article', {
    class: ['message', ephemeral && 'ephemeral', mentioned && 'mentioned'].filter(Boolean).join(' '),
    'data-id': message.id, tabindex: '-1', 'aria-label': `Message from ${name}`,
  },
  usedBy(message, view),
  h('span', { class: `avatar ${tint(message.author.id)}`, 'aria-hidden': 'true' }, initial(name)),
  h('div', { class: 'body' },
    h('div', { class: 'head' },
      h('span', { class: 'author' }, name),
      message.author.bot && h('span', { class: 'app' }, 'APP'),
      messageTime(message.timestamp)),
    flags & LOADING
      ? h('p', { class: 'thinking' }, h('span', { class: 'dots', 'aria-hidden': 'true' }), `${name} is thinking…`)
      : content(message, own),
    flags & HAS_THREAD ? thread(message, view) : null,
    ephemeral && privately(() => view.dismiss(message.id))));
}

/** A command that got no answer, as Discord leaves it in the channel for the one who sent it. */
export function renderFailure({ id, title, error, at }, view) {
  const name = view.names.user(view.me);
  return h('article', { class: 'message ephemeral failed', 'data-id': id, tabindex: '-1', 'aria-label': `${title} failed` },
    h('p', { class: 'used' }, h('b', {}, name), ' used ', h('span', { class: 'mention' }, title)),
    h('span', { class: `avatar ${tint(view.world.bot.id)}`, 'aria-hidden': 'true' }, '!'),
    h('div', { class: 'body' },
      h('div', { class: 'head' }, h('span', { class: 'author' }, view.world.bot.username), h('span', { class: 'app' }, 'APP'), messageTime(at)),
      h('p', { class: 'failure', role: 'alert' }, error),
      privately(() => view.dismiss(id))));
}

function content(message, view) {
  return [
    message.content && h('div', { class: 'content markdown' }, markdown(message.content, view.names),
      message.edited_timestamp && h('span', { class: 'edited' }, ' (edited)')),
    message.embeds.map((embed) => renderEmbed(embed, view)),
    message.attachments.map((file) => attachment(file)),
    message.components.length > 0 && h('div', { class: 'components' }, message.components.map((part) => component(part, view))),
  ].flat();
}

/** The way to the thread that was started at a message, whose id it has. */
function thread(message, view) {
  const name = view.names.channel(message.id) ?? 'Thread';
  return h('p', {}, h('a', { href: `#${new URLSearchParams({ as: view.me, at: message.id })}` }, `🧵 ${name}`));
}

function usedBy(message, view) {
  const source = message.interaction_metadata;
  // Discord only tells this of commands.
  if (source?.type !== 2) return null;
  const title = view.used(source.id);
  return h('p', { class: 'used' }, h('b', {}, view.names.user(source.user.id)), ' used ',
    title ? h('span', { class: 'mention' }, title) : 'a command');
}

function privately(dismiss) {
  return h('p', { class: 'private' }, h('span', { 'aria-hidden': 'true' }, '👁 '), 'Only you can see this · ',
    h('button', { type: 'button', class: 'plain', onclick: dismiss }, 'Dismiss message'));
}

function renderEmbed(embed, view) {
  const title = embed.title && inlineMarkdown(embed.title, view.names);
  const url = safeUrl(embed.url ?? '');
  const footer = [embed.footer?.text, embed.timestamp && messageTime(embed.timestamp)].filter(Boolean);
  return coloured(h('div', { class: 'embed' },
    embed.author && h('div', { class: 'embed-author' }, embed.author.name),
    title && h('div', { class: 'embed-title', role: 'heading', 'aria-level': '3' },
      url ? h('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, title) : title),
    embed.description && h('div', { class: 'markdown' }, markdown(embed.description, view.names)),
    fields(embed.fields ?? [], view.names),
    view.file(embed.image?.url),
    view.file(embed.thumbnail?.url),
    footer.length > 0 && h('div', { class: 'embed-footer' }, footer.flatMap((part, n) => (n ? [' · ', part] : [part])))),
  embed.color);
}

/** Consecutive inline fields share a line, three at most. */
function fields(list, names) {
  const lines = [];
  for (const field of list) {
    const line = lines.at(-1);
    if (field.inline && line?.[0].inline && line.length < FIELDS_ABREAST_MAX) line.push(field);
    else lines.push([field]);
  }
  return lines.map((line) => h('div', { class: `fields abreast-${line.length}` }, line.map((field) => h('div', { class: 'field' },
    h('div', { class: 'field-name' }, inlineMarkdown(field.name, names)),
    h('div', { class: 'markdown' }, markdown(field.value, names))))));
}

/** A file that a message refers to; what lies elsewhere is a link, since nothing foreign is loaded. */
function attached(message, url, text) {
  if (!url) return null;
  const name = /^attachment:\/\/(.+)$/.exec(url)?.[1];
  const file = message.attachments.find((one) => one.filename === name || one.url === url);
  if (PICTURE.test(file?.content_type)) {
    return h('img', { class: 'picture', src: pathOf(file), alt: text ?? file.description ?? file.filename });
  }
  if (file) return attachment(file);
  const safe = safeUrl(url);
  return safe && h('a', { href: safe, target: '_blank', rel: 'noopener noreferrer' }, text || 'Picture');
}

function attachment(file) {
  return h('a', { class: 'attachment', href: pathOf(file), download: file.filename },
    h('span', { class: 'emoji', 'aria-hidden': 'true' }, '📄'),
    h('span', { class: 'words' }, h('span', { class: 'label' }, file.filename),
      h('span', { class: 'description' }, size(file.size))));
}

/** The file on this server, whatever host the address names. */
function pathOf(file) {
  return new URL(file.url, location.origin).pathname;
}

function size(bytes) {
  if (bytes < KIB) return `${bytes} bytes`;
  if (bytes < KIB * KIB) return `${(bytes / KIB).toFixed(1)} KiB`;
  return `${(bytes / KIB / KIB).toFixed(1)} MiB`;
}
