// A phone's localhost is the phone. The first hour of many native apps is lost to that, so the client says it, once.
interface Surroundings {
  navigator?: { readonly product?: string };
  console?: { warn(line: string): void };
}

const loopback = /^(https?:\/\/)(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?=[:/]|$)/i;
let warned = false;

/** Warns when a native app is given an address that leads to the device itself. */
export function warnOfLoopback(url: string, surroundings = globalThis as unknown as Surroundings): void {
  if (warned || surroundings.navigator?.product !== "ReactNative" || !loopback.test(url)) return;
  warned = true;
  const emulator = url.replace(loopback, (_, scheme: string) => `${scheme}10.0.2.2`);
  surroundings.console?.warn(
    `Landfall: ${url} leads to the phone itself; only the iOS simulator takes it to your computer. ` +
      `In the Android emulator use ${emulator}; on a device the LAN address that \`npm start -- --lan\` prints.`,
  );
}
