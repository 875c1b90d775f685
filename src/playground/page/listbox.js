// A list that pops up at an input or a button, used with the keyboard from there.
// Invariant: the focus stays on the anchor; the list only says what is active there.

import { freshId, h } from './dom.js';

const GAP_PX = 4;
const HEIGHT_MAX_PX = 320;
const PAGE_ROWS = 8;

/**
 * A list of `{label, description, emoji, note, selected}` at `anchor`. `choose(item)` is called
 * for each choice; with `many` the list stays open and shows what is selected. `closed` is called
 * when it goes away.
 */
export class Listbox {
  constructor({ anchor, label, many = false, choose, closed = () => {} }) {
    Object.assign(this, { anchor, many, choose, closed, items: [], rows: [], active: -1 });
    this.element = h('div', {
      id: freshId('list'), class: 'listbox', role: 'listbox', popover: 'manual',
      'aria-label': label, 'aria-multiselectable': many ? 'true' : null,
    });
    // A press inside must not take the focus away from the anchor.
    this.element.addEventListener('mousedown', (event) => event.preventDefault());
    anchor.setAttribute('aria-haspopup', 'listbox');
    anchor.setAttribute('aria-expanded', 'false');
    anchor.setAttribute('aria-controls', this.element.id);
    anchor.addEventListener('blur', () => this.close());
    this.reposition = () => this.place();
  }

  get open() {
    return this.element.isConnected && this.element.matches(':popover-open');
  }

  /** Shows these items, or in place of them a remark. `active` is the position to begin at. */
  show(items, { active = -1, remark = null } = {}) {
    this.items = items;
    this.rows = items.map((item) => this.row(item));
    this.element.replaceChildren(...this.rows);
    if (remark) this.element.append(h('div', { class: 'remark', role: 'presentation' }, remark));
    if (!this.element.isConnected) this.anchor.after(this.element);
    if (!this.open) {
      this.element.showPopover();
      window.addEventListener('resize', this.reposition);
      document.addEventListener('scroll', this.reposition, true);
    }
    this.anchor.setAttribute('aria-expanded', 'true');
    this.place();
    this.element.scrollTop = 0;
    this.activate(Math.min(active, items.length - 1));
  }

  close() {
    if (!this.open) return;
    this.element.hidePopover();
    window.removeEventListener('resize', this.reposition);
    document.removeEventListener('scroll', this.reposition, true);
    this.anchor.setAttribute('aria-expanded', 'false');
    this.anchor.removeAttribute('aria-activedescendant');
    this.active = -1;
    this.closed();
  }

  /** Uses a key that was pressed at the anchor; true if it was for the list. */
  key(event) {
    if (!this.open) return false;
    const last = this.items.length - 1;
    const moves = {
      ArrowDown: this.active >= last ? 0 : this.active + 1,
      ArrowUp: this.active <= 0 ? last : this.active - 1,
      PageDown: Math.min(this.active + PAGE_ROWS, last),
      PageUp: Math.max(this.active - PAGE_ROWS, 0),
    };
    if (event.key in moves) this.activate(moves[event.key]);
    else if (event.key === 'Escape') this.close();
    else if ((event.key === 'Enter' || event.key === 'Tab') && this.active >= 0) this.take(this.active);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  /** Moves to the next item that begins with what was typed at a button. */
  seek(char) {
    const begins = (item) => item.label.toLowerCase().startsWith(char.toLowerCase());
    const after = this.items.findIndex((item, n) => n > this.active && begins(item));
    this.activate(after >= 0 ? after : this.items.findIndex(begins));
  }

  take(position) {
    const item = this.items[position];
    if (!item) return;
    if (this.many) {
      this.choose(item);
      this.rows[position].setAttribute('aria-selected', String(Boolean(item.selected)));
      return;
    }
    this.close();
    this.choose(item);
  }

  activate(position) {
    this.rows[this.active]?.classList.remove('active');
    this.active = position;
    const row = this.rows[position];
    if (!row) return this.anchor.removeAttribute('aria-activedescendant');
    row.classList.add('active');
    row.scrollIntoView({ block: 'nearest' });
    return this.anchor.setAttribute('aria-activedescendant', row.id);
  }

  row(item) {
    const row = h('div', {
      id: freshId('option'), class: 'option', role: 'option',
      'aria-selected': String(Boolean(item.selected)),
      onclick: () => this.take(this.rows.indexOf(row)),
    },
    item.emoji && h('span', { class: 'emoji' }, item.emoji),
    h('span', { class: 'words' },
      h('span', { class: 'label' }, item.label),
      item.description && h('span', { class: 'description' }, item.description)),
    item.note && h('span', { class: 'note' }, item.note));
    return row;
  }

  /** Above or below the anchor, wherever there is more room. */
  place() {
    const at = this.anchor.getBoundingClientRect();
    const below = window.innerHeight - at.bottom;
    const up = below < HEIGHT_MAX_PX && at.top > below;
    const { style } = this.element;
    style.maxHeight = `${Math.min(HEIGHT_MAX_PX, (up ? at.top : below) - 3 * GAP_PX)}px`;
    style.top = up ? 'auto' : `${at.bottom + GAP_PX}px`;
    style.bottom = up ? `${window.innerHeight - at.top + GAP_PX}px` : 'auto';
    style.minWidth = `${Math.min(at.width, window.innerWidth - 16)}px`;
    const width = this.element.offsetWidth;
    style.left = `${Math.max(8, Math.min(at.left, window.innerWidth - width - 8))}px`;
  }
}
