// Baseline `http-pg`: bare node:http, rows to JSON in JavaScript, no auth, no framework. The floor of the usual style.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import pg from "pg";

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });

function send(response: ServerResponse, status: number, value: unknown): void {
  const text = JSON.stringify(value);
  response
    .writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) })
    .end(text);
}

async function body(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString());
}

const columns = 'id, title, body, status, author, likes, "createdAt", "updatedAt"';

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = request.url as string;
  const id = url.startsWith("/posts/") ? url.slice(7) : undefined;
  if (request.method === "GET" && id !== undefined) {
    const { rows } = await pool.query({
      name: "get",
      text: `SELECT ${columns} FROM posts WHERE id = $1`,
      values: [id],
    });
    return send(response, rows[0] ? 200 : 404, rows[0] ?? { error: "not found" });
  }
  if (request.method === "GET") {
    const status = new URLSearchParams(url.slice(url.indexOf("?"))).get("status");
    const text = `SELECT ${columns} FROM posts WHERE status = $1 ORDER BY "createdAt" DESC LIMIT 30`;
    const { rows } = await pool.query({ name: "list", text, values: [status] });
    return send(response, 200, { items: rows });
  }
  const b = await body(request);
  if (request.method === "POST") {
    const text = `INSERT INTO posts (id, title, body, status, author, likes) VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${columns}`;
    const values = [crypto.randomUUID(), b.title, b.body, b.status, b.author, b.likes];
    const { rows } = await pool.query({ name: "create", text, values });
    return send(response, 201, rows[0]);
  }
  const text = `UPDATE posts SET likes = $2, title = $3, "updatedAt" = now() WHERE id = $1 RETURNING ${columns}`;
  const { rows } = await pool.query({ name: "update", text, values: [id, b.likes, b.title] });
  send(response, rows[0] ? 200 : 404, rows[0] ?? { error: "not found" });
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: Error) => send(response, 500, { error: error.message }));
});
server.listen(Number(process.env.PORT), "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify({ port: (server.address() as { port: number }).port, token: "none" })}\n`);
});
