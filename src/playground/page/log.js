// The messages of a channel on the screen. Invariant: in the order of their ids, the newest
// `SHOWN_MAX` at most, and the view does not move under the reader.

const SHOWN_MAX = 200;
/** Nearer to the end than this, the view follows new messages. */
const NEAR_END_PX = 80;
const DISMISSED_KEY = 'dismissed';

/** The messages in `element`; `newest` is the button that appears when the end is out of sight. */
export class MessageList {
  constructor(element, newest) {
    this.element = element;
    this.newest = newest;
    this.messages = new Map();
    this.dismissed = new Set(JSON.parse(sessionStorage.getItem(DISMISSED_KEY) ?? '[]'));
    newest.addEventListener('click', () => this.toEnd());
    element.addEventListener('scroll', () => { newest.hidden = this.nearEnd(); });
    // What grows or shrinks around the messages must not hide the end of them.
    this.atEnd = true;
    element.addEventListener('scroll', () => { this.atEnd = this.nearEnd(); });
    new ResizeObserver(() => this.atEnd && this.toEnd()).observe(element);
  }

  clear() {
    this.messages.clear();
    this.element.replaceChildren();
    this.atEnd = true;
  }

  get(id) {
    return this.messages.get(id);
  }

  /** Calls `visit` with each message. */
  each(visit) {
    [...this.messages.values()].forEach(visit);
  }

  /** The element of a message. */
  find(id) {
    return this.element.querySelector(`article[data-id="${CSS.escape(id)}"]`);
  }

  /** Shows these messages, oldest first, and keeps what was only told here. */
  fill(messages, draw) {
    const own = [...this.messages.values()].filter((message) => message.title);
    const focused = this.focused();
    this.messages.clear();
    const all = [...messages, ...own].filter((message) => !this.dismissed.has(message.id))
      .sort((one, other) => order(one.id, other.id)).slice(-SHOWN_MAX);
    for (const message of all) this.messages.set(message.id, message);
    const follows = this.atEnd;
    const top = this.element.scrollTop;
    this.element.replaceChildren(...all.map(draw));
    if (follows) this.toEnd();
    else this.element.scrollTop = top;
    this.refocus(focused);
  }

  add(message, draw) {
    if (this.messages.has(message.id)) return this.update(message, draw);
    const follows = this.atEnd;
    this.messages.set(message.id, message);
    const before = [...this.element.children].find((one) => order(one.dataset.id, message.id) > 0);
    this.element.insertBefore(draw(message), before ?? null);
    if (this.messages.size > SHOWN_MAX) this.remove(this.element.firstElementChild.dataset.id);
    if (follows) this.toEnd();
    else this.newest.hidden = this.nearEnd();
    return null;
  }

  update(message, draw) {
    const old = this.find(message.id);
    if (!old) return;
    const focused = this.focused();
    const follows = this.atEnd;
    this.messages.set(message.id, message);
    old.replaceWith(draw(message));
    if (follows) this.toEnd();
    this.refocus(focused);
  }

  /** Adds a remark below the components of a message, until it is drawn anew. */
  remark(id, element) {
    const follows = this.atEnd;
    this.find(id)?.querySelector('.components')?.after(element);
    if (follows) this.toEnd();
  }

  remove(id) {
    const focused = this.focused();
    this.messages.delete(id);
    this.find(id)?.remove();
    this.refocus(focused);
  }

  /** Takes a message off this screen, also after loading the page anew. */
  dismiss(id) {
    this.dismissed.add(id);
    sessionStorage.setItem(DISMISSED_KEY, JSON.stringify([...this.dismissed]));
    this.remove(id);
  }

  /** Brings a message into view. */
  point(id) {
    const found = this.find(id);
    found?.scrollIntoView({ block: 'center' });
    found?.focus();
  }

  toEnd() {
    this.element.scrollTop = this.element.scrollHeight;
    this.newest.hidden = true;
    this.atEnd = true;
  }

  nearEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.element;
    return scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
  }

  /** Which component of which message has the focus. */
  focused() {
    const target = this.element.contains(document.activeElement) ? document.activeElement : null;
    const article = target?.closest('article');
    return article && { id: article.dataset.id, part: target.dataset.customId };
  }

  /** Gives the focus back to a component that was drawn anew, or to its message, or to the list. */
  refocus(focused) {
    if (!focused || this.element.contains(document.activeElement)) return;
    const article = this.find(focused.id);
    const part = focused.part && article?.querySelector(`[data-custom-id="${CSS.escape(focused.part)}"]:not(:disabled)`);
    (part || article || this.element).focus({ preventScroll: true });
  }
}

/** Snowflakes in their order: of numbers without leading zeros the longer is the greater. */
function order(one, other) {
  return one.length - other.length || (one < other ? -1 : Number(one > other));
}
