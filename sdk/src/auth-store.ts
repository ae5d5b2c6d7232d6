// Where a session is kept between two starts of an app. One text per key: the browser's `localStorage`, React Native's
// AsyncStorage and a `Map` all fit as they are, and a keystore such as Expo's SecureStore takes three lines.

/**
 * Where {@link Auth} keeps its session. Methods may answer at once or by a promise.
 *
 * @example
 * ```ts
 * const kept = new Map<string, string>(); // in an app: Expo's SecureStore, or AsyncStorage as it is
 * const store: TokenStore = {
 *   getItem: async (name) => kept.get(name) ?? null,
 *   setItem: async (name, value) => void kept.set(name, value),
 *   removeItem: async (name) => void kept.delete(name),
 * };
 * const app = createClient({ url: "http://localhost:4710", schema, auth: { store } });
 * await app.auth.ready();
 * ```
 */
export interface TokenStore {
  getItem(name: string): string | null | Promise<string | null>;
  setItem(name: string, value: string): unknown;
  removeItem(name: string): unknown;
}

interface Browser {
  readonly document?: unknown;
  readonly localStorage?: TokenStore;
}

/**
 * Keeps a session as long as the process lives: for servers and scripts, where no user must be left behind.
 *
 * @example
 * ```ts
 * const guest = createClient({ url: "http://localhost:4710", schema, auth: { store: memoryStore() } });
 * console.log(guest.auth.user); // null
 * ```
 */
export function memoryStore(): TokenStore {
  const kept = new Map<string, string>();
  return {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => void kept.set(name, value),
    removeItem: (name) => void kept.delete(name),
  };
}

/** The browser's `localStorage`, or memory where there is none or the user has blocked it. */
export function defaultStore(): TokenStore {
  const { document, localStorage } = browserOf(globalThis as Browser);
  // Node has a localStorage too, which belongs to a file and not to a user.
  return document === undefined || localStorage === undefined ? memoryStore() : localStorage;
}

function browserOf(surroundings: Browser): Browser {
  try {
    const { document, localStorage } = surroundings.document === undefined ? {} : surroundings;
    localStorage?.removeItem("landfall.probe"); // Blocked storage throws at the first use, in some browsers at the first look.
    return { document, ...(localStorage && { localStorage }) };
  } catch {
    return {};
  }
}
