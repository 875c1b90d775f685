// The line at the bottom: a slash opens the commands, a chosen command shows its options.

import { h } from './dom.js';
import { Field } from './fields.js';
import { Listbox } from './listbox.js';

/**
 * Takes over the form. `place()` is `{world, guild, me}` at present; `send(command, options)`
 * gives null if the command was sent, or a sentence of what is wrong with it;
 * `complete(command, options, focused)` asks the bot for choices.
 */
export class Composer {
  constructor(form, { place, send, complete }) {
    Object.assign(this, { form, place, send, complete, command: null, fields: [] });
    this.trouble = h('p', { class: 'failure', role: 'alert', hidden: true });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.command) this.submit();
      else this.refuseText();
    });
  }

  /** Begins anew, for the place with this name. */
  reset(name = this.name) {
    this.name = name;
    this.command = null;
    this.fields = [];
    this.input = h('input', {
      type: 'text', id: 'command', role: 'combobox', 'aria-autocomplete': 'list', spellcheck: 'false',
      'aria-label': 'Command', placeholder: `Type / for commands in ${name}`,
      oninput: () => this.suggest(), onfocus: () => this.suggest(),
      onkeydown: (event) => this.listbox.key(event),
    });
    this.listbox = new Listbox({
      anchor: this.input, label: 'Commands', choose: ({ command }) => this.choose(command),
    });
    this.form.replaceChildren(this.trouble, h('div', { class: 'line' },
      h('button', { type: 'button', class: 'slash', 'aria-label': 'Show the commands', onclick: () => this.begin() }, '/'),
      this.input));
    this.say(null);
  }

  focus() {
    (this.fields[0]?.input ?? this.input)?.focus();
  }

  /** As if a slash had been typed. */
  begin() {
    if (!this.input.value.startsWith('/')) this.input.value = '/';
    this.input.focus();
    this.suggest();
  }

  suggest() {
    const text = this.input.value;
    this.say(null);
    if (!text.startsWith('/')) return this.listbox.close();
    const { world, guild, me } = this.place();
    const commands = world.commands(guild, me);
    const items = ranked(commands, text).map((command) => ({ command, label: command.title, description: command.description }));
    const none = commands.length ? 'No command of this name.' : 'The bot has no commands here yet.';
    return this.listbox.show(items, { active: 0, remark: items.length ? null : none });
  }

  choose(command) {
    this.command = command;
    this.fields = command.options.map((option) => new Field(option, {
      place: this.place(),
      complete: (asked, text) => this.complete(command, { ...this.given(asked), [asked.name]: text }, asked.name),
    }));
    this.submitButton = h('button', { type: 'submit', class: 'button primary' }, 'Send');
    this.form.replaceChildren(this.trouble, h('div', { class: 'command' },
      h('div', { class: 'line' },
        h('span', { class: 'chip' }, command.title),
        h('span', { class: 'description' }, command.description),
        h('button', { type: 'button', class: 'plain', 'aria-label': `Leave ${command.title}`, onclick: () => this.leave() }, '×'),
        this.submitButton),
      this.fields.length > 0 && h('div', { class: 'field-boxes' }, this.fields.map((field) => field.element))));
    this.form.onkeydown = (event) => this.keyed(event);
    if (this.fields.length) this.focus();
    else this.submitButton.focus();
  }

  keyed(event) {
    if (!this.command) return;
    const emptyFirst = event.target === this.fields[0]?.input && !event.target.value;
    if (event.key === 'Escape' || (event.key === 'Backspace' && (emptyFirst || !this.fields.length))) {
      event.preventDefault();
      this.leave();
    }
  }

  leave() {
    this.reset();
    this.begin();
  }

  /** The options that are given and in order, but for one. */
  given(but) {
    const read = this.fields.filter((field) => field.option !== but)
      .map((field) => [field.option.name, field.read().value]);
    return Object.fromEntries(read.filter(([, value]) => value !== undefined));
  }

  async submit() {
    const wrong = this.fields.filter((field) => !field.check());
    if (wrong.length) return wrong[0].input.focus();
    const { command } = this;
    this.busy(true);
    const problem = await this.send(command, this.given(null));
    // Another command or place was chosen meanwhile.
    if (this.command !== command) return null;
    this.busy(false);
    if (problem) {
      this.say(problem);
      return this.focus();
    }
    this.reset();
    // A modal that opened keeps the focus.
    return document.querySelector('dialog[open]') ? null : this.input.focus();
  }

  busy(busy) {
    this.submitButton.disabled = busy;
    this.form.setAttribute('aria-busy', String(busy));
    if (busy) this.say(null);
  }

  refuseText() {
    this.say('Only commands can be sent from here. Type / to see them.');
  }

  say(sentence) {
    this.trouble.hidden = !sentence;
    this.trouble.textContent = sentence ?? '';
  }
}

/** The commands that fit what was typed, those that begin with it first. */
function ranked(commands, typed) {
  const wanted = typed.slice(1).trim().toLowerCase();
  const words = wanted.split(/\s+/);
  const rank = ({ title, description }) => {
    if (title.slice(1).startsWith(wanted)) return 0;
    if (words.every((word) => title.includes(word))) return 1;
    return words.every((word) => `${title} ${description}`.toLowerCase().includes(word)) ? 2 : 3;
  };
  return commands.map((command) => [rank(command), command]).filter(([place]) => place < 3)
    .sort(([one], [other]) => one - other).map(([, command]) => command);
}
