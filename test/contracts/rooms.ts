// Which room may import which. One row a room; the test beside names every import that breaks a row.

/** Room (longest matching folder or file) → rooms it may import besides itself. */
export const allowedImports: Readonly<Record<string, readonly string[]>> = {
  "server/kernel": ["migrations", "sdk/src/wire", "sdk/src/cel"],
  "server/collections": ["server/kernel", "sdk/src/wire", "sdk/src/cel"],
  "server/mail": ["server/kernel"],
  "server/auth": ["server/mail", "server/collections", "server/kernel"],
  "server/provider": ["server/auth", "server/kernel"],
  "server/backup": ["server/collections", "server/kernel", "migrations"],
  "server/admin": ["server/auth", "server/collections", "server/kernel"],
  "server/app.ts": [
    "server/admin",
    "server/auth",
    "server/backup",
    "server/collections",
    "server/kernel",
    "server/mail",
    "server/provider",
  ],
  "server/main.ts": ["server/app.ts", "server/auth", "server/backup", "server/kernel"],
  "server/cli": [
    "server/main.ts",
    "server/app.ts",
    "server/auth",
    "server/backup",
    "server/collections",
    "server/kernel",
    "sdk/src",
    "sdk/src/wire",
  ],
  "server/bin": ["server/cli"],
  migrations: [],
  "sdk/src/wire": [],
  "sdk/src/cel": ["sdk/src/wire"],
  "sdk/src": ["sdk/src/wire", "sdk/src/cel"],
  "admin-ui": ["sdk/src", "sdk/src/wire", "sdk/src/cel"],
};

/** Workspace packages by name, as folders of the repository. */
export const packages: Readonly<Record<string, string>> = {
  "@landfall/migrations": "migrations/index.ts",
  "@landfall/client": "sdk/src/index.ts",
  "@landfall/client/wire": "sdk/src/wire/index.ts",
  "@landfall/client/cel": "sdk/src/cel/index.ts",
  "@landfall/client/server": "sdk/src/server/index.ts",
};

/** A room is entered through its door; files of another room behind the door are not imported. Rooms listed here have one. */
export const doors: Readonly<Record<string, string>> = {
  "server/collections": "server/collections/index.ts",
  "server/auth": "server/auth/index.ts",
  "server/admin": "server/admin/index.ts",
  "server/backup": "server/backup/index.ts",
  "server/provider": "server/provider/index.ts",
  "server/mail": "server/mail/index.ts",
  "sdk/src/wire": "sdk/src/wire/index.ts",
  "sdk/src/cel": "sdk/src/cel/index.ts",
};
