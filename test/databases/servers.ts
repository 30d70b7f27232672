import { execFileSync, spawn } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { createConnection, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

/** A database server of this machine's own packages, on loopback, in a folder that goes with it. */
export type Server = { url: string; stop(): Promise<void> };

/** PostgreSQL from Debian's `postgresql`. It refuses to run as root, so root runs it as `postgres`. */
export async function startPostgres(): Promise<Server> {
  const bin = globSync("/usr/lib/postgresql/*/bin").at(-1);
  if (!bin) throw new Error("PostgreSQL is not installed. Run: apt-get install postgresql");
  const { folder, port } = await place();
  const user = userInfo().uid === 0 ? "postgres" : userInfo().username;
  const run = (command: string, args: string[]) =>
    user === "postgres" ? ["runuser", ["-u", user, "--", command, ...args]] : [command, args];
  if (user === "postgres") execFileSync("chown", [user, folder]);
  const data = join(folder, "data");
  const [init, initArgs] = run(join(bin, "initdb"), ["-D", data, "-U", "app", "-A", "trust"]) as [
    string,
    string[],
  ];
  execFileSync(init, initArgs, { stdio: "ignore" });
  const [serve, args] = run(join(bin, "postgres"), [
    "-D",
    data,
    "-p",
    `${port}`,
    "-h",
    "127.0.0.1",
    "-k",
    folder,
  ]) as [string, string[]];
  return started(serve, args, folder, port, `postgres://app@127.0.0.1:${port}/postgres`);
}

/** MariaDB from Debian's `mariadb-server`. */
export async function startMariadb(): Promise<Server> {
  if (!existsSync("/usr/sbin/mariadbd")) {
    throw new Error("MariaDB is not installed. Run: apt-get install mariadb-server");
  }
  const { folder, port } = await place();
  const user = userInfo().username;
  const data = join(folder, "data");
  const auth = "--auth-root-authentication-method=normal";
  execFileSync("mariadb-install-db", ["--no-defaults", `--datadir=${data}`, `--user=${user}`, auth], {
    stdio: "ignore",
  });
  const args = [
    "--no-defaults",
    `--datadir=${data}`,
    `--user=${user}`,
    `--port=${port}`,
    "--bind-address=127.0.0.1",
    `--socket=${join(folder, "s")}`,
  ];
  return started("/usr/sbin/mariadbd", args, folder, port, `mysql://root@127.0.0.1:${port}/mysql`);
}

async function place(): Promise<{ folder: string; port: number }> {
  const folder = await mkdtemp(join(tmpdir(), "astrocyte-db-"));
  await chmod(folder, 0o755);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return { folder, port };
}

async function started(
  command: string,
  args: string[],
  folder: string,
  port: number,
  url: string,
): Promise<Server> {
  const child = spawn(command, args, { stdio: "ignore" });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async () => {
    child.kill("SIGTERM");
    await gone;
    await rm(folder, { recursive: true, force: true });
  };
  while (!(await listens(port))) {
    if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}`);
  }
  return { url, stop };
}

/** Settles when the connection does, so waiting for a server is no sleep. */
function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1", () => resolve(true));
    socket.on("connect", () => socket.destroy());
    socket.on("error", () => setImmediate(resolve, false));
  });
}
