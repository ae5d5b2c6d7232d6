// The OpenAPI document as this page reads it: the parts that the server writes, and where a reference leads.

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: { readonly [name: string]: Schema };
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly additionalProperties?: boolean | Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
  readonly example?: unknown;
}

export interface Media {
  readonly schema: Schema;
  readonly example?: unknown;
  readonly examples?: { readonly [name: string]: { readonly value: unknown; readonly summary?: string } };
}

export interface Answer {
  readonly description: string;
  readonly headers?: { readonly [name: string]: { readonly description?: string } };
  readonly content?: { readonly [type: string]: Media };
}

export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  readonly tag: string;
  readonly needsCredential: boolean;
  readonly parameters: readonly Parameter[];
  readonly body: { readonly type: string; readonly media: Media; readonly required: boolean } | undefined;
  readonly answers: readonly (readonly [status: string, answer: Answer])[];
}

export interface Tag {
  readonly name: string;
  readonly description?: string;
}

export interface ApiDocument {
  readonly version: string;
  readonly description: string;
  readonly tags: readonly Tag[];
  readonly operations: readonly Operation[];
  readonly resolve: <Value>(value: Value) => Value;
}

// biome-ignore lint/suspicious/noExplicitAny: what comes over the wire is read here, once
type Raw = any;

export function readDocument(raw: Raw): ApiDocument {
  const resolve = <Value>(value: Value): Value => {
    const pointer = (value as { $ref?: string } | undefined)?.$ref;
    if (pointer === undefined) return value;
    const keys = pointer.slice(2).split("/");
    return resolve(keys.reduce((at, key) => at?.[key.replaceAll("~1", "/").replaceAll("~0", "~")], raw));
  };
  const answerOf = (given: Raw): Answer => {
    const { description, headers = {}, content } = resolve(given);
    const named = Object.entries(headers).map(([name, header]) => [name, resolve(header)]);
    return { description, headers: Object.fromEntries(named), content };
  };
  const operations = Object.entries<Raw>(raw.paths).flatMap(([path, item]) =>
    Object.entries<Raw>(item).map(([method, operation]): Operation => {
      const [body] = Object.entries<Media>(operation.requestBody?.content ?? {});
      return {
        ...{ id: operation.operationId, method: method.toUpperCase(), path },
        ...{ summary: operation.summary, description: operation.description, tag: operation.tags[0] },
        needsCredential: operation.security.every((one: object) => Object.keys(one).length > 0),
        parameters: (operation.parameters ?? []).map(resolve),
        body: body && { type: body[0], media: body[1], required: operation.requestBody.required === true },
        answers: Object.entries(operation.responses).map(([status, answer]) => [status, answerOf(answer)]),
      };
    }),
  );
  return { version: raw.info.version, description: raw.info.description, tags: raw.tags, operations, resolve };
}
