// Baseline `express-lean`: what a careful developer writes by hand with Express 5: no ETag, JWT check, named statements,
// Postgres builds the JSON. No rules, no capture, no validation beyond types. `node express-lean.ts` with DATABASE_URL, PORT.
import { createSecretKey } from "node:crypto";
import express from "express";
import jsonwebtoken from "jsonwebtoken";
import pg from "pg";

const secret = createSecretKey(Buffer.from("bench-secret-bench-secret-bench!"));
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
const app = express();
app.disable("etag");
app.disable("x-powered-by");

app.use((request, response, next) => {
  try {
    jsonwebtoken.verify((request.headers.authorization ?? "").slice(7), secret, { algorithms: ["HS256"] });
    next();
  } catch {
    response.writeHead(401).end();
  }
});

const send = (response: express.Response, status: number, text: string) => {
  response
    .writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) })
    .end(text);
};

app.get("/posts/:id", async (request, response) => {
  const { rows } = await pool.query({
    name: "get",
    text: "SELECT row_to_json(p)::text AS json FROM posts p WHERE id = $1",
    values: [request.params.id],
  });
  if (rows[0]) send(response, 200, rows[0].json);
  else send(response, 404, '{"error":"not found"}');
});

app.get("/posts", async (request, response) => {
  const { rows } = await pool.query({
    name: "list",
    text: `SELECT coalesce(json_agg(p), '[]')::text AS json FROM (
             SELECT * FROM posts WHERE status = $1 ORDER BY "createdAt" DESC LIMIT 30) p`,
    values: [request.query.status],
  });
  send(response, 200, `{"items":${rows[0].json}}`);
});

app.use(express.json({ limit: "10mb" }));

app.post("/posts", async (request, response) => {
  const b = request.body;
  const { rows } = await pool.query({
    name: "create",
    text: `INSERT INTO posts AS p (id, title, body, status, author, likes) VALUES ($1, $2, $3, $4, $5, $6) RETURNING row_to_json(p)::text AS json`,
    values: [crypto.randomUUID(), b.title, b.body, b.status, b.author, b.likes],
  });
  send(response, 201, rows[0].json);
});

app.patch("/posts/:id", async (request, response) => {
  const { rows } = await pool.query({
    name: "update",
    text: `UPDATE posts AS p SET likes = $2, title = $3, "updatedAt" = now() WHERE id = $1 RETURNING row_to_json(p)::text AS json`,
    values: [request.params.id, request.body.likes, request.body.title],
  });
  if (rows[0]) send(response, 200, rows[0].json);
  else send(response, 404, '{"error":"not found"}');
});

app.post("/posts/bulk", async (request, response) => {
  const { rows } = await pool.query({
    name: "bulk",
    text: `WITH made AS (
             INSERT INTO posts AS p (id, title, body, status, author, likes)
             SELECT gen_random_uuid()::text, title, body, status, author, likes
             FROM json_to_recordset($1) AS r(title text, body text, status text, author text, likes int8)
             RETURNING row_to_json(p) AS json)
           SELECT json_agg(json)::text AS json FROM made`,
    values: [JSON.stringify(request.body)],
  });
  send(response, 201, `{"items":${rows[0].json}}`);
});

const server = app.listen(Number(process.env.PORT), "127.0.0.1", () => {
  const token = jsonwebtoken.sign({ sub: "u1" }, secret, { algorithm: "HS256" });
  process.stdout.write(`${JSON.stringify({ port: (server.address() as { port: number }).port, token })}\n`);
});
