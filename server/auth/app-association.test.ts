// Apps of phones: the files that name them, and the origin by which Android names one to the server.
import { expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { apkOrigin } from "./passkey.ts";
import { changeSettings, testUsers } from "./user.fixture.ts";

const database = testDatabase();
const users = testUsers(database);
const fingerprint = Array.from({ length: 32 }, (_, n) => n.toString(16).padStart(2, "0").toUpperCase()).join(":");

test("nobody's apps stand in the files until an admin names some", async () => {
  expect((await users.call("getAppleAppAssociation")).json).toEqual({ webcredentials: { apps: [] }, applinks: { details: [] } }); // biome-ignore format: one line
  expect((await users.call("getAndroidAssetLinks")).json).toEqual([]);
});

test("the apps of the settings stand in the files", async () => {
  const android = [{ packageName: "com.example.app", fingerprints: [fingerprint] }];
  await changeSettings(database, { apps: { apple: ["A1B2C3D4E5.com.example.app"], android } });
  const apple = (await users.call("getAppleAppAssociation")).json;
  expect(apple.webcredentials.apps).toEqual(["A1B2C3D4E5.com.example.app"]);
  expect(apple.applinks.details).toMatchObject([{ appIDs: ["A1B2C3D4E5.com.example.app"] }]);
  expect((await users.call("getAndroidAssetLinks")).json).toMatchObject([
    { target: { namespace: "android_app", package_name: "com.example.app", sha256_cert_fingerprints: [fingerprint] } },
  ]);
});

test("Android's origin is the certificate's hash in base64url", () => {
  expect(apkOrigin(fingerprint)).toBe("android:apk-key-hash:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
});
