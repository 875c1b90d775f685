// Components of a message: rows of buttons and selects, and the layout of version 2.

import { h, safeUrl } from './dom.js';
import { markdown } from './markdown.js';
import { isSelect, select } from './select.js';

const BUTTON_STYLES = [null, 'primary', 'secondary', 'success', 'danger', 'link', 'premium'];

/**
 * Renders a component. `view` is `{place, names, press(component, values, element), file(url)}`.
 */
export function component(part, view) {
  const inner = () => (part.components ?? []).map((one) => component(one, view));
  switch (part.type) {
    case 1: return h('div', { class: 'row' }, inner());
    case 2: return button(part, view);
    case 9: return h('div', { class: 'section' }, h('div', { class: 'texts' }, inner()), part.accessory && component(part.accessory, view));
    case 10: return h('div', { class: 'text markdown' }, markdown(part.content, view.names));
    case 11: return picture(part, view);
    case 12: return h('div', { class: 'row' }, part.items.map((item) => picture(item, view)));
    case 13: return h('div', { class: 'row' }, view.file(part.file?.url));
    case 14: return part.divider === false ? h('div', { class: 'gap' }) : h('hr');
    case 17: return container(part, inner());
    default: return isSelect(part.type) ? selectMenu(part, view) : h('p', { class: 'remark' }, `A component of type ${part.type}, which this page cannot show.`);
  }
}

/** The bar at the side of an embed or a container, in its colour. */
export function coloured(element, colour) {
  if (Number.isInteger(colour)) {
    element.style.setProperty('--bar', `#${colour.toString(16).padStart(6, '0')}`);
  }
  return element;
}

function button(part, view) {
  const style = BUTTON_STYLES[part.style] ?? 'secondary';
  const face = [
    part.emoji && !part.emoji.id && h('span', { class: 'emoji' }, part.emoji.name),
    part.label && h('span', {}, part.label),
  ];
  if (style === 'link') {
    const href = part.disabled ? null : safeUrl(part.url);
    return h('a', {
      class: 'button link', href, role: 'link', target: '_blank', rel: 'noopener noreferrer',
      'aria-disabled': href ? null : 'true',
    }, face, h('span', { 'aria-hidden': 'true' }, '↗'));
  }
  return h('button', {
    type: 'button', class: `button ${style}`, disabled: Boolean(part.disabled),
    'data-custom-id': part.custom_id, 'aria-label': part.label ? null : part.emoji?.name,
    onclick: (event) => view.press(part, undefined, event.currentTarget),
  }, face);
}

function selectMenu(part, view) {
  const { element } = select(part, {
    place: view.place,
    label: part.placeholder,
    changed: (values) => view.press(part, values, element.firstChild),
  });
  return element;
}

function picture(part, { file }) {
  return file(part.media?.url, part.description);
}

function container(part, children) {
  return coloured(h('div', { class: 'container' }, children), part.accent_color);
}
