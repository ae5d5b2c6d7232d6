// For commands that are clients of a running server: one request through the public doors, its problem as one line.
import { Exit } from "../kernel/exit.ts";
import { settingsOf } from "../main.ts";
import type { Call } from "./command.ts";

export interface Remote {
  readonly url: string;
  request(method: string, path: string, init?: Omit<RequestInit, "method"> & { duplex?: "half" }): Promise<Response>;
}

export function remoteOf(call: Call): Remote {
  const { config } = settingsOf(call.env);
  const url = (call.text("url") ?? config.publicUrl ?? `http://localhost:${config.port}`).replace(/\/+$/, "");
  const key = call.text("key") ?? config.serviceKey;
  if (key === undefined) throw new Exit("usage", "An API key is needed: --key <key>, or LANDFALL_SERVICE_KEY as the server has it."); // biome-ignore format: one line
  return {
    url,
    async request(method, path, init = {}) {
      const headers = { ...(init.headers as Record<string, string>), authorization: `Bearer ${key}` };
      const response = await fetch(`${url}${path}`, { ...init, method, headers }).catch((error: Error) => {
        throw new Exit("server_refused", `No server answers at ${url} (${reasonOf(error)}): start it, or name it with --url.`, error); // biome-ignore format: one line
      });
      if (!response.ok) throw await refusal(response);
      return response;
    },
  };
}

function reasonOf(error: Error): string {
  const cause = error.cause as NodeJS.ErrnoException | undefined;
  return cause?.code ?? cause?.message ?? error.message;
}

/** The problem document's own words: what happened, then each place of the input. */
async function refusal(response: Response): Promise<Exit> {
  const text = await response.text();
  try {
    const problem = JSON.parse(text) as {
      title?: string;
      detail?: string;
      errors?: { path: string; message: string }[];
    };
    const places = (problem.errors ?? []).slice(0, 20).map((issue) => `\n  ${issue.path}: ${issue.message}`);
    return new Exit("server_refused", `${response.status} ${problem.title ?? ""} ${problem.detail ?? ""}`.trim() + places.join("")); // biome-ignore format: one line
  } catch {
    return new Exit("server_refused", `${response.status} ${response.statusText}`);
  }
}
