// One option of a command as a field: text, number, a pick list, or autocomplete by the bot.

import { freshId, h, lengthOf } from './dom.js';
import { Listbox } from './listbox.js';

const TYPE_DELAY_MS = 180;
const SHOWN_MAX = 25;
/** Most characters of a text option without a limit of its own. */
const TEXT_MAX = 6000;
const [STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, FILE] = [3, 4, 5, 6, 7, 8, 9, 10, 11];

/**
 * A field for an option as registered. `place` is `{world, guild, me}`; `complete(option, text)`
 * asks the bot and gives `[{name, value}]`, or null if a newer question replaced this one.
 */
export class Field {
  constructor(option, { place, complete }) {
    this.option = option;
    this.choices = choicesOf(option, place);
    this.complete = option.autocomplete ? complete : null;
    this.chosen = null;
    this.question = 0;
    this.build();
    this.listbox = this.choices || this.complete ? this.list() : null;
    this.input.addEventListener('input', () => this.typed());
    this.input.addEventListener('focus', () => this.offer());
    this.input.addEventListener('click', () => this.listbox?.open || this.offer());
    this.input.addEventListener('blur', () => { clearTimeout(this.timer); this.question += 1; });
    this.input.addEventListener('keydown', (event) => this.keyed(event));
  }

  build() {
    const { name, description, required, type } = this.option;
    const [id, about, error] = [freshId('field'), freshId('about'), freshId('error')];
    const numeric = type === INTEGER || type === NUMBER;
    this.input = h('input', {
      id, type: 'text', inputmode: numeric && !this.choices ? 'decimal' : null, spellcheck: 'false',
      'aria-required': String(Boolean(required)), 'aria-describedby': `${about} ${error}`,
      'data-option': name, disabled: type === FILE,
      placeholder: type === FILE ? 'Files cannot be sent from here' : null,
    });
    this.wrong = h('p', { class: 'wrong', id: error, role: 'alert', hidden: true });
    this.element = h('div', { class: 'field-box' },
      h('label', { for: id, title: description }, name, required && h('span', { class: 'required', 'aria-hidden': 'true' }, ' *')),
      h('div', { class: 'input-box' }, this.input),
      h('p', { class: 'description', id: about }, description), this.wrong);
  }

  list() {
    this.input.setAttribute('role', 'combobox');
    this.input.setAttribute('aria-autocomplete', 'list');
    return new Listbox({
      anchor: this.input,
      label: `Choices for ${this.option.name}`,
      choose: (choice) => this.take(choice),
    });
  }

  /** What to send: `{value}` (undefined if nothing was given), or `{error}`. */
  read() {
    const text = this.input.value.trim();
    if (this.chosen) return { value: this.chosen.value };
    if (!text) return this.option.required ? { error: 'This option is required.' } : {};
    if (this.choices) {
      const same = this.choices.find((one) => one.label.toLowerCase() === text.replace(/^[@#]/, '').toLowerCase());
      return same ? { value: same.value } : { error: 'Choose one of the list, please.' };
    }
    return this.option.type === STRING ? this.checkText(text) : this.checkNumber(text);
  }

  /** Shows what is wrong, if anything is; true if nothing is. */
  check() {
    const { error } = this.read();
    this.wrong.hidden = !error;
    this.wrong.textContent = error ?? '';
    this.input.setAttribute('aria-invalid', String(Boolean(error)));
    return !error;
  }

  checkText(text) {
    const { min_length: least = 0, max_length: most = TEXT_MAX } = this.option;
    const length = lengthOf(text);
    if (length < least) return { error: `At least ${least} characters, please.` };
    return length > most ? { error: `At most ${most} characters, please; these are ${length}.` } : { value: text };
  }

  checkNumber(text) {
    const { type, min_value: least = -Infinity, max_value: most = Infinity } = this.option;
    const whole = type === INTEGER;
    const number = Number(text);
    if (!(whole ? /^[+-]?\d+$/ : /^[+-]?\d*\.?\d+$/).test(text)) {
      return { error: whole ? 'A whole number, please.' : 'A number, please.' };
    }
    if (number < least) return { error: `At least ${least}, please.` };
    return number > most ? { error: `At most ${most}, please.` } : { value: number };
  }

  typed() {
    this.chosen = null;
    if (!this.wrong.hidden) this.check();
    // What is listed was for another text: until there is better, Enter and Tab take what is typed.
    if (this.complete) this.listbox.activate(-1);
    this.offer();
  }

  take(choice) {
    this.chosen = choice;
    this.input.value = choice.label;
    this.question += 1;
    if (!this.wrong.hidden) this.check();
  }

  keyed(event) {
    if (!this.listbox) return;
    if (event.key === 'Tab' && this.listbox.open && this.listbox.active >= 0 && !event.shiftKey) {
      // Takes the choice and goes on to the next field.
      this.listbox.take(this.listbox.active);
    } else if (event.key !== 'Tab' && !this.listbox.key(event) && event.key === 'ArrowDown') {
      event.preventDefault();
      this.offer();
    }
  }

  /** Shows what can be chosen for what is typed. */
  offer() {
    if (!this.listbox) return;
    clearTimeout(this.timer);
    if (this.choices) this.show(matching(this.choices, this.chosen ? '' : this.input.value));
    else this.timer = setTimeout(() => this.ask(), this.listbox.open ? TYPE_DELAY_MS : 0);
  }

  async ask() {
    this.question += 1;
    const { question } = this;
    const text = this.input.value;
    if (!this.listbox.open) this.listbox.show([], { remark: 'Loading options…' });
    const answer = await this.complete(this.option, text).then((choices) => ({ choices }), (error) => ({ error }));
    // Something newer was typed, or the field was left.
    if (question !== this.question || document.activeElement !== this.input) return;
    if (answer.error) this.listbox.show([], { remark: `Loading options failed. ${answer.error.message}` });
    else this.show(answer.choices.map(({ name, value }) => ({ label: name, value })));
  }

  show(items) {
    const remark = items.length ? null : 'No options match your search.';
    // Without anything typed, Enter and Tab leave the field as it is.
    const active = this.input.value && !this.chosen ? 0 : -1;
    const marked = items.map((item) => ({ ...item, selected: item.value === this.chosen?.value }));
    this.listbox.show(marked.slice(0, SHOWN_MAX), { active, remark });
  }
}

function matching(choices, typed) {
  const wanted = typed.trim().replace(/^[@#]/, '').toLowerCase();
  const fits = (text) => text?.toLowerCase().includes(wanted);
  return choices.filter((choice) => fits(choice.label) || fits(choice.note));
}

function choicesOf(option, { world, guild, me }) {
  const people = () => world.peopleIn(guild, me)
    .map((user) => ({ label: world.name(user.id, guild), value: user.id, note: user.username }));
  const roles = () => (guild?.roles ?? []).map((role) => ({ label: role.name.replace(/^@/, ''), value: role.id, note: 'role' }));
  switch (option.type) {
    case BOOLEAN: return [{ label: 'True', value: true }, { label: 'False', value: false }];
    case USER: return people();
    case ROLE: return roles();
    case MENTIONABLE: return [...people(), ...roles()];
    case CHANNEL: return (guild ? world.channelsOf(guild, me) : []).map((one) => ({ label: one.name, value: one.id }));
    default:
      return option.choices?.length ? option.choices.map(({ name, value }) => ({ label: name, value })) : null;
  }
}
