// Discord's markdown as DOM nodes. The rules and their order are those of Discord's client:
// what it shows as typed is shown as typed here. Invariant: foreign text becomes text nodes only.

import { h, safeUrl } from './dom.js';
import { timeElement } from './time.js';

/** Deepest nesting of marks; what is deeper is shown as typed. */
const DEPTH_MAX = 12;

/**
 * Renders a text. `names` knows who and what is mentioned: `{user(id), role(id), channel(id)}`
 * give a name or null, `jump(url)` a place on this page or null, `everyone` whether it is pinged.
 */
export function markdown(text, names) {
  return parse(String(text ?? ''), { names, depth: 0, blocks: true });
}

/** The same without headings, lists and quotes, for titles and labels. */
export function inlineMarkdown(text, names) {
  return parse(String(text ?? ''), { names, depth: 0, blocks: false });
}

function parse(source, state) {
  const nodes = document.createDocumentFragment();
  let rest = source;
  let lineStart = true;
  let plain = '';
  const flush = () => {
    if (plain) nodes.append(plain);
    plain = '';
  };
  while (rest) {
    const found = state.depth < DEPTH_MAX && firstMatch(rest, state, lineStart);
    if (found) {
      flush();
      nodes.append(found.node);
      lineStart = found.taken.endsWith('\n');
      rest = rest.slice(found.taken.length);
    } else {
      const taken = plainText(rest);
      plain += taken;
      lineStart = taken.endsWith('\n');
      rest = rest.slice(taken.length);
    }
  }
  flush();
  return nodes;
}

/** Text up to the next character that might mean something. A line's end stands alone. */
function plainText(rest) {
  if (rest[0] === '\n') return '\n';
  return /^[^]+?(?=[^0-9A-Za-z\s\u00c0-\uffff]|\n|\w+:\S|$)/u.exec(rest)[0];
}

function firstMatch(rest, state, lineStart) {
  if (state.blocks && lineStart) {
    const block = tryRules(BLOCKS, rest, state);
    if (block) return block;
  }
  return tryRules(INLINE, rest, state) ?? emphasis(rest, state);
}

function tryRules(rules, rest, state) {
  for (const [pattern, make] of rules) {
    const match = pattern.exec(rest);
    const node = match && make(match, state);
    if (node || node === '') return { node, taken: match[0] };
  }
  return null;
}

const inner = (text, state, blocks = false) => parse(text, { ...state, depth: state.depth + 1, blocks });

const BLOCKS = [
  [/^ *(#{1,3}) +([^\n]+?) *(?:\n|$)/,
    ([, marks, text], state) => h('div', { class: `h${marks.length}`, role: 'heading', 'aria-level': marks.length + 2 }, inner(text, state))],
  [/^-# +([^\n]+?)(?:\n|$)/, ([, text], state) => h('small', { class: 'subtext' }, inner(text, state))],
  [/^ *>>> +([^]*)/, ([, text], state) => h('blockquote', {}, inner(text, state, true))],
  [/^(?: *>(?!>>) +[^\n]*(?:\n|$))+/,
    ([lines], state) => h('blockquote', {}, inner(lines.replace(/^ *> +/gm, '').replace(/\n$/, ''), state, true))],
  [/^(?: *(?:[-*]|\d{1,9}\.) +[^\n]+(?:\n|$))+/, ([lines], state) => list(lines, state)],
];

/** Lines that begin with a dash or a number; more spaces are one level deeper. */
function list(lines, state) {
  const items = lines.replace(/\n$/, '').split('\n').map((line) => {
    const [, spaces, mark, text] = /^( *)([-*]|\d+\.) +(.*)$/.exec(line);
    return { indent: spaces.length, mark, text };
  });
  const level = (from, indent) => {
    const ordered = /\d/.test(items[from].mark);
    const element = ordered ? h('ol', { start: parseInt(items[from].mark, 10) }) : h('ul');
    let at = from;
    while (at < items.length && items[at].indent >= indent) {
      if (items[at].indent > indent + 1 && element.lastChild) {
        const [nested, next] = level(at, items[at].indent);
        element.lastChild.append(nested);
        at = next;
      } else {
        element.append(h('li', {}, inner(items[at].text, state)));
        at += 1;
      }
    }
    return [element, at];
  };
  const nodes = document.createDocumentFragment();
  for (let at = 0; at < items.length;) {
    const [element, next] = level(at, items[at].indent);
    nodes.append(element);
    at = next;
  }
  return nodes;
}

const INLINE = [
  [/^\\([^0-9A-Za-z\s])/, ([, char]) => char],
  [/^```(?:([a-z0-9_+\-.#]+?)\n)?\n*([^\n][^]*?)\n*```\n?/i, ([, , code]) => h('pre', {}, h('code', {}, code))],
  [/^(`+)([^]*?[^`])\1(?!`)/, ([, , code]) => h('code', {}, code.replace(/^ (?= *`)|(` *) $/g, '$1'))],
  [/^<t:(-?\d{1,13})(?::([tTdDfFsSR]))?>/, ([, unix, style]) => timeElement(Number(unix), style)],
  [/^<@!?(\d{1,20})>/, ([, id], { names }) => mention(`@${names.user(id) ?? 'unknown-user'}`)],
  [/^<@&(\d{1,20})>/, ([, id], { names }) => mention(`@${names.role(id) ?? 'unknown-role'}`)],
  [/^<#(\d{1,20})>/, ([, id], { names }) => mention(`#${names.channel(id) ?? 'unknown'}`)],
  [/^<\/([-_\p{L}\p{N} ]+):\d+>/u, ([, name]) => mention(`/${name}`)],
  [/^<a?(:\w{2,32}:)\d{1,20}>/, ([, name]) => name],
  [/^@(?:everyone|here)/, ([text], { names }) => names.everyone && mention(text)],
  [/^<(https?:\/\/[^\s<>]+)>/, ([, address], state) => link(address, address, state)],
  [/^\[((?:\\[^]|[^[\]\\])+)\]\( *<?(https?:\/\/(?:[^\s<>()]|\([^\s<>()]*\))+)>?(?: +"[^"]*")? *\)/,
    ([, text, address], state) => link(address, inner(text, state), state)],
  [/^https?:\/\/[^\s<]*[^<.,:;"'\])\s]/, ([address], state) => link(address, address, state)],
  [/^~~(?=\S)([^]*?\S)~~/, ([, text], state) => h('s', {}, inner(text, state))],
  [/^\|\|([^]+?)\|\|/, ([, text], state) => spoiler(inner(text, state))],
];

/** Of these the longest counts, and of equally long ones the first. */
const EMPHASIS = [
  ['em', /^_((?:__|\\[^]|[^\\_])+?)_(?!\w)/],
  ['em', /^\*(?=\S)((?:\*\*|\s+(?:[^*\s]|\*\*)|[^\s*])+?)\*(?!\*)/],
  ['strong', /^\*\*((?:\\[^]|[^\\])+?)\*\*(?!\*)/],
  ['u', /^__((?:\\[^]|[^\\])+?)__(?!_)/],
];

function emphasis(rest, state) {
  let best = null;
  for (const [tag, pattern] of EMPHASIS) {
    const match = pattern.exec(rest);
    if (match && (!best || match[0].length > best.match[0].length)) best = { tag, match };
  }
  if (!best) return null;
  const { tag, match } = best;
  return { node: h(tag, {}, inner(match[1], state)), taken: match[0] };
}

function mention(text) {
  return h('span', { class: 'mention' }, text);
}

function link(address, children, { names }) {
  const here = names.jump(address);
  if (here) return h('a', { href: here }, children);
  const url = safeUrl(address);
  return url && h('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, children);
}

function spoiler(children) {
  const element = h('button', {
    type: 'button', class: 'spoiler', 'aria-expanded': 'false', 'aria-label': 'Show the spoiler',
    onclick: () => element.replaceWith(h('span', { class: 'spoiler shown' }, ...hidden.childNodes)),
  }, h('span', { 'aria-hidden': 'true' }, children));
  const hidden = element.firstChild;
  return element;
}
