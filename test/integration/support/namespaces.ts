import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** Why network namespaces cannot be used here; undefined where they can. */
export function whyNoNamespaces(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are Linux only';
  if (process.getuid?.() !== 0) return 'only root makes network namespaces';
  const probe = `cairn-probe-${process.pid}`;
  const made = spawnSync('ip', ['netns', 'add', probe]);
  if (made.status !== 0) return `ip netns add: ${made.error?.message ?? made.stderr.toString().trim()}`;
  const nat = spawnSync('ip', ['netns', 'exec', probe, 'nft', 'add', 'table', 'ip', 'probe']);
  spawnSync('ip', ['netns', 'delete', probe]);
  return nat.status === 0 ? undefined : `nft: ${nat.error?.message ?? nat.stderr.toString().trim()}`;
}

/** A small internet of namespaces: a backbone that routes, hosts with public addresses, homes behind NAT. */
export class SmallInternet {
  private readonly spaces: string[] = [];
  private readonly children: ChildProcess[] = [];
  private serial = 0;

  constructor(private readonly prefix = `cairn${process.pid}`) {
    this.add('wan');
    this.inside('wan', 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
  }

  /** A host of its own on the backbone, in a /16 of its own; its address. */
  addHost(name: string): string {
    this.add(name);
    this.serial += 1;
    const [address, gateway] = [`5.${this.serial}.0.2`, `5.${this.serial}.0.1`];
    this.link(name, address, 'wan', gateway);
    this.inside(name, 'ip', 'route', 'add', 'default', 'via', gateway);
    return address;
  }

  /** A host at home: a private address, and a router that translates and lets nothing in unasked. */
  addHome(name: string): void {
    const router = `${name}-nat`;
    this.addHost(router);
    this.add(name);
    this.link(name, '10.0.0.2', router, '10.0.0.1');
    this.inside(name, 'ip', 'route', 'add', 'default', 'via', '10.0.0.1');
    this.inside(router, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
    this.inside(router, 'nft', 'add', 'table', 'ip', 'nat');
    const chain = '{ type nat hook postrouting priority srcnat; policy accept; }';
    this.inside(router, 'nft', 'add', 'chain', 'ip', 'nat', 'post', chain);
    this.inside(
      router,
      'nft',
      'add',
      'rule',
      'ip',
      'nat',
      'post',
      'ip',
      'saddr',
      '10.0.0.0/24',
      'masquerade',
    );
  }

  /** Starts a program of the project on a host; the addresses it announces when it is ready. */
  async start(
    host: string,
    file: string,
    env: Readonly<Record<string, string>>,
  ): Promise<Record<string, string>> {
    const child = spawn('ip', ['netns', 'exec', this.name(host), process.execPath, file], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.children.push(child);
    let said = '';
    child.stderr.on('data', (part: Buffer) => {
      said = `${said}${part.toString()}`.slice(-4_000);
    });
    return new Promise((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`${file} on ${host} ended with ${code}: ${said}`)));
      child.stdout.on('data', (part: Buffer) => {
        const line = part
          .toString()
          .split('\n')
          .find((text) => text.includes('cairn/ready'));
        if (line !== undefined)
          resolve((JSON.parse(line) as { addresses: Record<string, string> }).addresses);
      });
    });
  }

  /** What an HTTP server answers to a program on the same host. */
  ask<T>(host: string, url: string): T {
    const program = `fetch(${JSON.stringify(url)}).then((a) => a.text()).then((t) => process.stdout.write(t))`;
    return JSON.parse(this.inside(host, process.execPath, '-e', program)) as T;
  }

  /** Ends the programs, then takes the namespaces away. */
  async close(): Promise<void> {
    const running = this.children.filter(
      ({ exitCode, signalCode }) => exitCode === null && signalCode === null,
    );
    await Promise.all(
      running.map(async (child) => {
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        await ended;
      }),
    );
    for (const space of this.spaces.splice(0)) spawnSync('ip', ['netns', 'delete', space]);
  }

  private add(name: string): void {
    run('ip', 'netns', 'add', this.name(name));
    this.spaces.push(this.name(name));
    this.inside(name, 'ip', 'link', 'set', 'lo', 'up');
  }

  private link(a: string, addressA: string, b: string, addressB: string): void {
    this.serial += 1;
    const [endA, endB] = [`e${this.serial}a`, `e${this.serial}b`];
    run(
      'ip',
      '-n',
      this.name(a),
      'link',
      'add',
      endA,
      'type',
      'veth',
      'peer',
      'name',
      endB,
      'netns',
      this.name(b),
    );
    for (const [space, end, address] of [
      [a, endA, addressA],
      [b, endB, addressB],
    ] as const) {
      run('ip', '-n', this.name(space), 'address', 'add', `${address}/24`, 'dev', end);
      run('ip', '-n', this.name(space), 'link', 'set', end, 'up');
    }
  }

  private inside(host: string, ...command: readonly string[]): string {
    return run('ip', 'netns', 'exec', this.name(host), ...command);
  }

  private name(host: string): string {
    return `${this.prefix}-${host}`;
  }
}

function run(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 24,
  });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`);
}
