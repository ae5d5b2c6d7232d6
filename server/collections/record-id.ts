/** What an id looks like: 1 to 64 of letters, digits, `_` and `-`, chosen by the client or a UUIDv7. */
export const recordId = /^[A-Za-z0-9_-]{1,64}$/;
