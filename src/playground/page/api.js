// The server's /client interface. Invariant: whatever goes wrong becomes a `Mistake` with a
// sentence that can be shown.

const RECONNECT_AFTER_MS = 1500;

/** Something that did not work, told in a sentence. `gone` if the server was not reached. */
export class Mistake extends Error {
  constructor(sentence, gone = false) {
    super(sentence);
    this.gone = gone;
  }
}

/** The JSON at this path. */
export const get = (path) => ask(path);

/** What `POST /client/interactions` answers. */
export const interact = (body) => ask('/client/interactions', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

async function ask(path, init) {
  let response;
  try {
    response = await fetch(path, init);
  } catch {
    throw new Mistake('The playground cannot be reached. Is it still running?', true);
  }
  const text = await response.text();
  const answer = parsed(text);
  if (response.ok && answer !== undefined) return answer;
  throw new Mistake(answer?.error || text || `The playground answered ${response.status}.`);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Tells every event of `/client/events` to `heard`, for ever; `opened` is called at each (new)
 * connection, since something may have been missed before it, and `failed` whenever there is none.
 */
export function listen({ opened, heard, failed }) {
  const source = new EventSource('/client/events');
  source.onopen = opened;
  source.onmessage = (message) => heard(JSON.parse(message.data));
  source.onerror = () => {
    // The browser gives up on some errors; the playground may only be restarting.
    source.close();
    setTimeout(() => listen({ opened, heard, failed }), RECONNECT_AFTER_MS);
    failed();
  };
}
