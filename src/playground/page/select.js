// A select menu of a message or of a modal: a button with a list of one or many choices.

import { h } from './dom.js';
import { Listbox } from './listbox.js';

const STRING = 3;
const USER = 5;
const ROLE = 6;
const MENTIONABLE = 7;

/** Whether this component type is one of the five selects. */
export const isSelect = (type) => type === STRING || (type >= USER && type <= 8);

/**
 * The select of a component. `place` is `{world, guild, me}`; `changed(values)` is called when
 * the person has chosen. The answer is `{element, values()}`.
 */
export function select(component, { place, label, describedBy, changed = () => {} }) {
  const most = component.max_values ?? 1;
  const many = most > 1;
  const options = optionsOf(component, place).map((option) => ({ ...option }));
  const chosen = () => options.filter((option) => option.selected);
  const face = h('span', { class: 'face' });
  const button = h('button', {
    type: 'button', class: 'select', role: 'combobox', disabled: Boolean(component.disabled),
    'aria-label': label, 'aria-describedby': describedBy, 'data-custom-id': component.custom_id,
  }, face, h('span', { class: 'arrow', 'aria-hidden': 'true' }, '▾'));
  const draw = () => {
    const labels = chosen().map((one) => [one.emoji, one.label].filter(Boolean).join(' '));
    face.textContent = labels.join(', ') || component.placeholder || (many ? 'Choose' : 'Choose one');
    face.classList.toggle('empty', labels.length === 0);
    button.setAttribute('aria-label', `${label ?? component.placeholder ?? 'Choose'}: ${labels.join(', ') || 'nothing chosen'}`);
  };
  let before = '';
  const values = () => chosen().map((one) => one.value);
  const listbox = new Listbox({
    anchor: button,
    label: label ?? component.placeholder ?? 'Choices',
    many,
    choose(item) {
      pick(item, options, many, most, component.min_values === 0);
      draw();
      if (!many) changed(values());
    },
    closed() {
      if (many && values().join() !== before) changed(values());
    },
  });
  operate(button, listbox, () => {
    before = values().join();
    const first = Math.max(0, options.findIndex((one) => one.selected));
    listbox.show(options, { active: first, remark: remark(component, many) });
  });
  draw();
  return { element: h('div', { class: 'select-box' }, button), values };
}

function pick(item, options, many, most, optional) {
  if (!many) {
    const again = item.selected && optional;
    for (const option of options) option.selected = false;
    item.selected = !again;
  } else if (item.selected || options.filter((one) => one.selected).length < most) {
    item.selected = !item.selected;
  }
}

function remark({ min_values: least = 1, max_values: most = 1 }, many) {
  if (!many) return null;
  const count = least === most ? `${least}` : `${least} to ${most}`;
  return `Choose ${count}, then press Escape or click elsewhere.`;
}

/** Opening and using the list with mouse and keys. */
function operate(button, listbox, open) {
  // A space that chose something must not also press the button when the key comes up.
  let spent = false;
  button.addEventListener('click', () => (listbox.open ? listbox.close() : open()));
  button.addEventListener('keyup', (event) => {
    if (spent && event.key === ' ') event.preventDefault();
    spent = false;
  });
  button.addEventListener('keydown', (event) => {
    if (listbox.open && event.key === ' ') {
      event.preventDefault();
      spent = true;
      listbox.take(listbox.active);
    } else if (listbox.open && event.key === 'Tab') {
      listbox.close();
    } else if (listbox.key(event)) {
      return;
    } else if (!listbox.open && ['ArrowDown', 'ArrowUp'].includes(event.key)) {
      event.preventDefault();
      open();
    } else if (listbox.open && event.key.length === 1) {
      listbox.seek(event.key);
    }
  });
}

function optionsOf(component, { world, guild, me }) {
  const preset = new Set((component.default_values ?? []).map((one) => one.id));
  const option = (value, label, note) => ({ value, label, note, selected: preset.has(value) });
  const people = () => world.peopleIn(guild, me)
    .map((user) => option(user.id, world.name(user.id, guild), user.username));
  const roles = () => (guild?.roles ?? []).map((role) => option(role.id, `@${role.name.replace(/^@/, '')}`));
  switch (component.type) {
    case STRING:
      return component.options.map((one) => ({
        value: one.value, label: one.label, description: one.description,
        emoji: one.emoji?.id ? null : one.emoji?.name, selected: one.default === true,
      }));
    case USER: return people();
    case ROLE: return roles();
    case MENTIONABLE: return [...people(), ...roles()];
    default: return (guild ? world.channelsOf(guild, me) : []).map((one) => option(one.id, `#${one.name}`));
  }
}
