// For commands that are clients of a running server: one request through the public doors, its problem as one line.
import { Exit, type ExitReason } from "../kernel/exit.ts";
import { settingsOf } from "../main.ts";
import type { Call } from "./command.ts";

export interface Remote {
  readonly url: string;
  request(method: string, path: string, init?: Omit<RequestInit, "method"> & { duplex?: "half" }): Promise<Response>;
}

export function remoteOf(call: Call): Remote {
  const { config } = settingsOf(call.env);
  const url = (call.text("url") ?? config.publicUrl ?? `http://localhost:${config.port}`).replace(/\/+$/, "");
  if (!URL.canParse(url)) throw new Exit("usage", `${JSON.stringify(url)} is no address of a server: --url http://localhost:4710`); // biome-ignore format: one line
  const key = call.text("key") ?? config.serviceKey;
  if (key === undefined) throw new Exit("usage", "An API key is needed: --key <key>, or LANDFALL_SERVICE_KEY as the server has it."); // biome-ignore format: one line
  return {
    url,
    async request(method, path, init = {}) {
      const headers = { ...(init.headers as Record<string, string>), authorization: `Bearer ${key}` };
      const response = await fetch(`${url}${path}`, { ...init, method, headers }).catch((error: Error) => {
        throw unanswered(url, error);
      });
      if (!response.ok) throw await refusal(response);
      return response;
    },
  };
}

/** The document that a response holds, when it arrives whole and is one. */
export async function documentIn<T>(response: Response): Promise<T> {
  const text = await response.text().catch((error: Error) => {
    throw new Exit("broke_off", `The answer broke off (${causeOf(error)}).`, error);
  });
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new Exit("server_unreachable", `What answers at ${new URL(response.url).origin} is no Landfall.`, error);
  }
}

/** Whether a failure is of the file system; every other one is of the connection. */
export function isFileError(error: unknown): error is NodeJS.ErrnoException {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  return (
    code !== undefined && (syscall === "open" || syscall === "read" || syscall === "write" || syscall === "rename")
  );
}

/** Where nothing listens no connection was made, and so nothing can have been done. */
const unconnected = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT", "UND_ERR_CONNECT_TIMEOUT"]); // biome-ignore format: one line

function unanswered(url: string, error: Error): Exit {
  const cause = causeOf(error);
  if (unconnected.has(cause)) return new Exit("server_unreachable", `No server answers at ${url} (${cause}): start it, or name it with --url.`, error); // biome-ignore format: one line
  return new Exit("broke_off", `The connection to ${url} broke before the answer (${cause}).`, error);
}

function causeOf(error: Error): string {
  const cause = error.cause as NodeJS.ErrnoException | undefined;
  return cause?.code ?? cause?.message ?? error.message;
}

/** The problem document's own words: what happened, then each place of the input. */
async function refusal(response: Response): Promise<Exit> {
  const reason = reasonOf(response.status);
  const text = await response.text().catch(() => "");
  try {
    const problem = JSON.parse(text) as {
      title?: string;
      detail?: string;
      errors?: { path: string; message: string }[];
    };
    const places = (problem.errors ?? []).slice(0, 20).map((issue) => `\n  ${issue.path}: ${issue.message}`);
    return new Exit(reason, `${response.status} ${problem.title ?? ""} ${problem.detail ?? ""}`.trim() + places.join("")); // biome-ignore format: one line
  } catch {
    return new Exit(reason, `${response.status} ${response.statusText}`);
  }
}

function reasonOf(status: number): ExitReason {
  if (status === 401 || status === 403) return "credential_refused";
  return status >= 500 || status === 429 || status === 408 ? "server_busy" : "server_refused";
}
