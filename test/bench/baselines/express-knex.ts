// Baseline `express-knex`: the style most tutorials show: Express 5 with its defaults, knex query builder, JWT check.
import { createSecretKey } from "node:crypto";
import express from "express";
import jsonwebtoken from "jsonwebtoken";
import knexFactory from "knex";

const secret = createSecretKey(Buffer.from("bench-secret-bench-secret-bench!"));
const knex = knexFactory({
  client: "pg",
  connection: process.env.DATABASE_URL as string,
  pool: { min: 0, max: 10 },
});
const app = express();
app.use(express.json({ limit: "10mb" }));

app.use((request, response, next) => {
  try {
    jsonwebtoken.verify((request.headers.authorization ?? "").slice(7), secret, { algorithms: ["HS256"] });
    next();
  } catch {
    response.status(401).json({ error: "unauthorised" });
  }
});

app.get("/posts/:id", async (request, response) => {
  const row = await knex("posts").where({ id: request.params.id }).first();
  response.status(row ? 200 : 404).json(row ?? { error: "not found" });
});

app.get("/posts", async (request, response) => {
  const items = await knex("posts").where({ status: request.query.status }).orderBy("createdAt", "desc").limit(30);
  response.json({ items });
});

app.post("/posts", async (request, response) => {
  const { title, body, status, author, likes } = request.body;
  const [row] = await knex("posts")
    .insert({ id: crypto.randomUUID(), title, body, status, author, likes })
    .returning("*");
  response.status(201).json(row);
});

app.patch("/posts/:id", async (request, response) => {
  const { likes, title } = request.body;
  const [row] = await knex("posts")
    .where({ id: request.params.id })
    .update({ likes, title, updatedAt: knex.fn.now() })
    .returning("*");
  response.status(row ? 200 : 404).json(row ?? { error: "not found" });
});

app.post("/posts/bulk", async (request, response) => {
  const rows = (request.body as Record<string, unknown>[]).map((row) => ({ ...row, id: crypto.randomUUID() }));
  const items = await knex.transaction((trx) => trx("posts").insert(rows).returning("*"));
  response.status(201).json({ items });
});

const server = app.listen(Number(process.env.PORT), "127.0.0.1", () => {
  const token = jsonwebtoken.sign({ sub: "u1" }, secret, { algorithm: "HS256" });
  process.stdout.write(`${JSON.stringify({ port: (server.address() as { port: number }).port, token })}\n`);
});
