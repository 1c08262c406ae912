// Asks one address again and again, and hands on what comes back.
//
// The usual rhythm is one request a second, the next one only after the answer to the last.
// When an answer is late, the request keeps waiting for as long as it takes, and beside it a
// second, short-lived one tries its luck every second: a cure upstream must show at once, not
// only when the last victim of the illness comes back. Whoever answers first ends the others.

const RHYTHM = 1000;
// An answer is late after this long. Above one second, so that a service whose gateway gives
// up after one second still gets a steady rhythm and no second request.
const LATE = 1600;
// How long the second, third and fourth request live.
const SHORT_LIFE = 2600;
// A browser opens six connections to one host; telemetry and the page itself need some.
const MOST = 4;

export class Feed {
  #path;
  #calls = new Set();
  #asked = -Infinity;
  #listener;

  // listener.answer(json, waited in ms) and listener.trouble(text).
  constructor(path, listener) {
    this.#path = path;
    this.#listener = listener;
  }

  start() {
    this.#beat();
  }

  // Since when the page has been waiting for an answer, in performance.now() terms, or null.
  get waitingSince() {
    return this.#oldest?.began ?? null;
  }

  get #oldest() {
    return this.#calls.values().next().value;
  }

  #beat() {
    const now = performance.now();
    const oldest = this.#oldest;
    for (const call of this.#calls) {
      if (call !== oldest && now - call.began > SHORT_LIFE) this.#drop(call);
    }
    // A tab nobody looks at asks nothing new.
    if (!document.hidden && now - this.#asked >= RHYTHM) {
      if (!oldest || (now - oldest.began > LATE && this.#calls.size < MOST)) this.#ask(now);
    }
    setTimeout(() => this.#beat(), 50);
  }

  async #ask(began) {
    const call = { began, control: new AbortController() };
    this.#calls.add(call);
    this.#asked = began;
    try {
      const response = await fetch(this.#path, { signal: call.control.signal, cache: 'no-store' });
      if (!response.ok) throw new Error(`${response.status} ${response.statusText}`.trim());
      const answer = await response.json();
      if (!this.#calls.has(call)) return;
      const waited = performance.now() - this.waitingSince;
      for (const each of [...this.#calls]) this.#drop(each);
      this.#listener.answer(answer, waited);
    } catch (error) {
      if (!this.#calls.delete(call)) return; // dropped by ourselves
      const offline = error instanceof TypeError;
      this.#listener.trouble(offline ? 'the gateway cannot be reached' : error.message);
    }
  }

  #drop(call) {
    this.#calls.delete(call);
    call.control.abort();
  }
}
