// Making elements. Invariant: text from outside only ever becomes a text node or an attribute
// that cannot run anything; nothing here parses HTML.

/**
 * An element. `properties` are attributes; `on…` functions are listeners; null, undefined and
 * false are left out, true is an empty attribute. Children are nodes and texts; empty ones are
 * left out.
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child || child === 0));
  return element;
}

let last = 0;

/** An id for an element that a label or a list refers to. */
export function freshId(prefix) {
  last += 1;
  return `${prefix}-${last}`;
}

/** The address if a click on it is harmless, else null. */
export function safeUrl(address) {
  try {
    const url = new URL(address);
    return ['https:', 'http:', 'discord:'].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** How many characters a text has for Discord's limits. */
export function lengthOf(text) {
  return [...text].length;
}

/** The first letter of a name, for a picture of somebody who has none. */
export function initial(name) {
  return [...name][0]?.toUpperCase() ?? '?';
}

/** A stable colour class for an id. */
export function tint(id) {
  return `tint-${Number(BigInt(id) >> 22n) % 6}`;
}
