// What this room's tests share: a browser that keeps cookies by path and follows nothing by itself, users of the app, clients,
// and the way of a person through a sign-in.
import { expect } from "vitest";
import type { TestServer } from "../../test/support/server.ts";

interface Cookie {
  readonly value: string;
  readonly path: string;
}

/** As far as it matters here: a jar with paths, and Fetch Metadata as a page of this origin sends it. */
export class Browser {
  readonly cookies = new Map<string, Cookie>();

  async go(url: string, init: RequestInit = {}): Promise<Response> {
    const { pathname } = new URL(url);
    const sent = [...this.cookies]
      .filter(([, { path }]) => pathname === path || pathname.startsWith(path.endsWith("/") ? path : `${path}/`))
      .map(([name, { value }]) => `${name}=${value}`);
    const headers = { accept: "text/html", ...init.headers, ...(sent.length > 0 && { cookie: sent.join("; ") }) };
    const answer = await fetch(url, { ...init, headers, redirect: "manual" });
    for (const line of answer.headers.getSetCookie()) this.keep(line);
    return answer;
  }

  private keep(line: string): void {
    const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
    const at = pair.indexOf("=");
    const path = attributes.find((one) => one.toLowerCase().startsWith("path="))?.slice(5) ?? "/";
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
    const gone = value === "" || attributes.some((one) => /^expires=Thu, 01 Jan 1970/i.test(one));
    if (gone) this.cookies.delete(name);
    else this.cookies.set(name, { value, path });
  }
}

export interface SignedInUser {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly user: { readonly id: string };
  readonly session: { readonly id: string; readonly deviceId: string };
}

export async function signIn(server: TestServer): Promise<SignedInUser> {
  const answer = await server.call("POST", "/v1/auth/sign-in/anonymous", {}, { as: null });
  expect(answer.status, answer.status === 201 ? "" : server.output().slice(-3_000)).toBe(201);
  return answer.json;
}

export async function makeClient(server: TestServer, body: object): Promise<{ id: string; secret: string | null }> {
  const answer = await server.call("POST", "/v1/oauth/clients", body);
  expect(answer.status, answer.text).toBe(201);
  return answer.json;
}

export const uidOf = (location: string): string => {
  const uid = /\/auth\/#\/interaction\/([\w-]+)$/.exec(location)?.[1];
  if (uid === undefined) throw new Error(`no sign-in page: ${location}`);
  return uid;
};

export interface Answering {
  readonly user?: SignedInUser | undefined;
  readonly accept?: boolean;
  readonly scopes?: readonly string[];
}

/** What the sign-in page does once a person has decided. Gives the page's answer. */
export async function answer(
  base: string,
  browser: Browser,
  uid: string,
  { user, accept = true, scopes }: Answering,
): Promise<Response> {
  return browser.go(`${base}/v1/auth/interactions/${uid}`, {
    method: "POST",
    headers: {
      accept: "application/json",
      "content-type": "application/json",
      "sec-fetch-site": "same-origin",
      ...(user && { authorization: `Bearer ${user.accessToken}` }),
    },
    body: JSON.stringify({ accept, ...(scopes && { scopes }) }),
  });
}

/** From the program's address to the one that the browser is sent back to. */
export async function through(base: string, browser: Browser, url: string, answering: Answering): Promise<URL> {
  const asked = await browser.go(url);
  const location = asked.headers.get("location");
  if (location === null) throw new Error(`no redirect but ${asked.status}: ${await asked.text()}`);
  if (!location.includes("/auth/#/interaction/")) return new URL(location);
  const answered = await answer(base, browser, uidOf(location), answering);
  expect(answered.status).toBe(200);
  const { location: resume } = (await answered.json()) as { location: string };
  const back = await browser.go(resume);
  const target = back.headers.get("location");
  if (target === null) throw new Error(`no way back but ${back.status}: ${await back.text()}`);
  return new URL(target);
}
