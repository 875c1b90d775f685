// A modal: a form that the bot opened. Invariant: nothing is sent that the bot did not allow;
// what is wrong is told next to the input.

import { freshId, h, lengthOf } from './dom.js';
import { markdown } from './markdown.js';
import { isSelect, select } from './select.js';

const TEXT_INPUT = 4;
const TEXT_DISPLAY = 10;
const LABEL = 18;
const PARAGRAPH = 2;
/** Characters that a text input takes without a limit of its own. */
const INPUT_MAX = 4000;

/**
 * Shows the modal. `submit(values)` sends it and gives null, or a sentence of what went wrong,
 * which leaves the modal open.
 */
export function openModal(definition, { place, names, submit }) {
  const inputs = [];
  const parts = definition.components.map((part) => block(part, { place, names, inputs }));
  const trouble = h('p', { class: 'failure', role: 'alert', hidden: true });
  const title = freshId('modal');
  const send = h('button', { type: 'submit', class: 'button primary' }, 'Submit');
  const cancel = h('button', { type: 'button', class: 'button plain', onclick: () => dialog.close() }, 'Cancel');
  const form = h('form', { novalidate: true, autocomplete: 'off' },
    h('h2', { id: title }, definition.title),
    h('div', { class: 'modal-parts' }, parts, trouble),
    h('div', { class: 'modal-actions' }, cancel, send));
  const dialog = h('dialog', { 'aria-labelledby': title, onclose: () => dialog.remove() }, form);

  const say = (sentence) => {
    trouble.hidden = !sentence;
    trouble.textContent = sentence ?? '';
  };
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const wrong = inputs.filter((input) => !input.check());
    if (wrong.length) return wrong[0].focus();
    say(null);
    send.disabled = true;
    const problem = await submit(Object.fromEntries(inputs.map((one) => [one.id, one.value()])));
    send.disabled = false;
    if (!problem) return dialog.close();
    say(problem);
    return send.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  inputs[0]?.focus();
  return dialog;
}

function block(part, context) {
  if (part.type === TEXT_DISPLAY) {
    return h('div', { class: 'markdown' }, markdown(part.content, context.names));
  }
  if (part.type === LABEL) return labelled(part.component, part.label, part.description, context);
  return part.components.map((one) => labelled(one, one.label, null, context));
}

function labelled(component, label, description, { place, inputs }) {
  const [id, about, error] = [freshId('input'), freshId('about'), freshId('error')];
  const required = component.required !== false;
  const wrong = h('p', { class: 'wrong', id: error, role: 'alert', hidden: true });
  const field = isSelect(component.type)
    ? selectInput(component, { place, label, error })
    : textInput(component, { id, describedBy: `${description ? about : ''} ${error}`.trim() });
  const check = () => {
    const problem = field.problem(required);
    wrong.hidden = !problem;
    wrong.textContent = problem ?? '';
    field.target.setAttribute('aria-invalid', String(Boolean(problem)));
    return !problem;
  };
  field.target.addEventListener('input', () => wrong.hidden || check());
  inputs.push({ id: component.custom_id, value: field.value, check, focus: () => field.target.focus() });
  return h('div', { class: 'modal-part' },
    h('label', { for: id }, label, required && h('span', { class: 'required', 'aria-hidden': 'true' }, ' *')),
    description && h('p', { class: 'description', id: about }, description),
    field.element, wrong);
}

function textInput(component, { id, describedBy }) {
  const least = component.min_length ?? 0;
  const most = component.max_length ?? INPUT_MAX;
  const long = component.style === PARAGRAPH;
  const target = h(long ? 'textarea' : 'input', {
    id, type: long ? null : 'text', rows: long ? '4' : null, placeholder: component.placeholder,
    'aria-describedby': describedBy, 'aria-required': String(component.required !== false),
    'data-custom-id': component.custom_id,
  });
  target.value = component.value ?? '';
  const count = h('span', { class: 'count', 'aria-hidden': 'true' });
  const tell = () => { count.textContent = `${lengthOf(target.value)}/${most}`; };
  target.addEventListener('input', tell);
  tell();
  const problem = (required) => {
    const length = lengthOf(target.value);
    if (length === 0) return required ? 'This is required.' : null;
    if (length < least) return `At least ${least} characters, please.`;
    return length > most ? `At most ${most} characters, please; these are ${length}.` : null;
  };
  if (component.type !== TEXT_INPUT) {
    target.disabled = true;
    target.placeholder = `An input of type ${component.type}, which this page cannot show.`;
  }
  return { element: h('div', { class: 'text-box' }, target, count), target, problem, value: () => target.value };
}

function selectInput(component, { place, label, error }) {
  const { element, values } = select(component, {
    place, label, describedBy: error,
    changed: () => element.firstChild.dispatchEvent(new Event('input')),
  });
  const [least, most] = [component.min_values ?? 1, component.max_values ?? 1];
  const problem = (required) => {
    const { length } = values();
    if (length === 0 && !required) return null;
    if (length === 0 && least > 0) return 'Please choose.';
    return length < least || length > most ? `Choose ${least} to ${most}, please.` : null;
  };
  return { element, target: element.firstChild, problem, value: values };
}
