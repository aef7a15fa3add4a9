import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inRepository } from '@pawl/test-kit/repository';
import { exampleSettings } from '../../monitoring/src/settings.ts';
import { mountsOf, readYaml, withDefaults, type ComposeFile } from './support/compose.ts';

const text = readFileSync(inRepository('compose.yaml'), 'utf8');
const { services, networks } = readYaml('compose.yaml') as ComposeFile;
const all = Object.entries(services);
const dockerfile = readFileSync(inRepository('Dockerfile'), 'utf8');
const values = readYaml('charts/pawl/values.yaml') as {
  readonly resources: { readonly limits: Readonly<Record<string, string>> };
  readonly securityContext: unknown;
};

describe('compose.yaml', () => {
  it('starts the service, Prometheus and Grafana, and the rest by profiles', () => {
    const by = (profile?: string) => all.filter(([, one]) => one.profiles?.[0] === profile).map(([name]) => name);
    expect([by(), by('mlflow'), by('registry')]).toEqual([
      ['inference', 'prometheus', 'grafana'],
      ['postgres', 's3', 'mlflow'],
      ['registry'],
    ]);
  });

  it.each(all)('takes an exact image: %s', (_, { image, build }) => {
    if (build === undefined) {
      expect(image).toMatch(/^[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?@sha256:[0-9a-f]{64}$/);
      return;
    }
    // Ours is built here unless one is named.
    expect(withDefaults(image)).toBe(`pawl-${build.target}:dev`);
    expect(dockerfile).toMatch(new RegExp(`^FROM .* AS ${build.target}$`, 'm'));
  });

  it.each(all)('holds %s as the chart holds its pods', (_, service) => {
    expect(values.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      mem_limit: expect.stringMatching(/^\d+m$/),
    });
  });

  it('gives the service what the chart gives a pod', () => {
    const { limits } = values.resources;
    expect(services['inference']).toMatchObject({ mem_limit: limits['memory']?.replace('Mi', 'm') });
    expect(withDefaults(services['inference']?.environment?.['WORKERS'] ?? '')).toBe(limits['cpu']);
  });

  it.each(all)('asks %s whether it is well, without a shell', (_, { healthcheck }) => {
    expect(healthcheck?.test.length).toBeGreaterThan(2);
    expect(healthcheck?.test[0]).toBe('CMD');
  });

  it('asks the server of MLflow as its image does', () => {
    const [, words = ''] = /^HEALTHCHECK .* CMD (.*)$/m.exec(dockerfile) ?? [];
    expect(services['mlflow']?.healthcheck?.test).toEqual(['CMD', ...(JSON.parse(words) as string[])]);
  });

  it('listens on this machine alone', () => {
    const ports = all.flatMap(([name, { ports: own = [] }]) => own.map((port) => [name, withDefaults(port)]));
    expect(ports).toEqual([
      ['inference', '127.0.0.1:8000:8000'],
      ['prometheus', '127.0.0.1:9090:9090'],
      ['grafana', '127.0.0.1:3000:3000'],
      ['mlflow', '127.0.0.1:5000:5000'],
      ['registry', '127.0.0.1:5001:5000'],
    ]);
  });

  it('keeps the passwords that it brings away from every port', () => {
    expect(networks).toEqual({ tracking: { internal: true } });
    const known = all.filter(([, { environment = {} }]) =>
      Object.values(environment).some((it) => /local-only/.test(it)),
    );
    expect(known.map(([name, { networks: on }]) => [name, on])).toEqual([
      ['postgres', ['tracking']],
      ['s3', ['tracking']],
      // It is a client of the two.
      ['mlflow', ['default', 'tracking']],
    ]);
  });

  it('mounts what is in the repository, to be read', () => {
    const mounts = all.flatMap(([, service]) => mountsOf(service));
    expect(mounts).toHaveLength(5);
    for (const { source, read_only } of mounts)
      expect([source, existsSync(inRepository(withDefaults(source))), read_only]).toEqual([source, true, true]);
  });

  it('mounts the weights, which no image has', () => {
    const [model] = mountsOf(services['inference']!);
    // A folder that Docker would make would be an empty model.
    expect(model).toMatchObject({ source: '${MODEL_DIR:-./models/catdog}', bind: { create_host_path: false } });
    expect(services['inference']?.environment?.['MODEL_URI']).toBe(`file://${model!.target}`);
    expect(dockerfile).not.toMatch(/^COPY (?!--from=).*models/m);
    expect(readFileSync(inRepository('.dockerignore'), 'utf8')).not.toMatch(/^!models/m);
  });

  it('says every variable in .env.example, with its default', () => {
    const asked = new Map(
      [...text.matchAll(/\$\{([A-Z0-9_]+):-((?:[^${}]|\$\{[^}]*\})*)\}/g)].map(([, name = '', value]) => [name, value]),
    );
    // A part of two others' defaults.
    asked.delete('TAG');
    const example = readFileSync(inRepository('.env.example'), 'utf8');
    const said = [...example.matchAll(/^#([A-Z0-9_]+)=(.*)$/gm)].map(([, name = '', value]) => [name, value] as const);
    expect(said.map(([name]) => name).sort()).toEqual([...asked.keys()].sort());
    for (const [name, value] of said)
      // A password is no example, and an image of .env is not the one that is built.
      if (value !== '' && !name.endsWith('_IMAGE')) expect([name, value]).toEqual([name, asked.get(name)]);
  });
});

describe('Prometheus of compose.yaml', () => {
  const { prometheus } = services;
  const config = readYaml('monitoring/prometheus/compose.yml') as {
    readonly global: Readonly<Record<string, string>>;
    readonly rule_files: readonly string[];
    readonly scrape_configs: readonly unknown[];
  };

  it('asks the service every 15 s, in the job that the rules ask for', () => {
    expect(config.global).toEqual({ scrape_interval: '15s', evaluation_interval: '15s' });
    expect(config.scrape_configs).toEqual([
      { job_name: 'catdog-api', metrics_path: '/metrics', static_configs: [{ targets: ['inference:8000'] }] },
    ]);
    expect(exampleSettings.service).toBe('job="catdog-api"');
  });

  it('finds its configuration and the rules of the model where they are mounted', () => {
    const place = (path: string) => {
      const mount = mountsOf(prometheus!).find(({ target }) => path.startsWith(`${target}/`));
      return inRepository(path.replace(mount?.target ?? '', mount?.source ?? ''));
    };
    const [, path = ''] = /^--config\.file=(.*)$/.exec(prometheus?.command?.[0] ?? '') ?? [];
    expect(place(path)).toBe(inRepository('./monitoring/prometheus/compose.yml'));
    expect(config.rule_files).toEqual(['../rules/catdog.yaml']);
    expect(existsSync(place(join(path, '..', config.rule_files[0]!)))).toBe(true);
  });
});

describe('Grafana of compose.yaml', () => {
  const { grafana, prometheus } = services;

  it('asks the Prometheus beside it', () => {
    const { datasources } = readYaml('monitoring/grafana/provisioning/datasources/prometheus.yaml') as {
      readonly datasources: readonly { readonly url: string }[];
    };
    expect(datasources.map(({ url }) => url)).toEqual(['http://prometheus:9090']);
    expect(prometheus?.ports?.[0]).toMatch(/:9090$/);
  });

  it('has the dashboards where its provider looks', () => {
    const { providers } = readYaml('monitoring/grafana/provisioning/dashboards/pawl.yaml') as {
      readonly providers: readonly { readonly options: { readonly path: string } }[];
    };
    const mount = mountsOf(grafana!).find(({ source }) => source === './monitoring/dashboards');
    expect(providers.map(({ options }) => options.path)).toEqual([mount?.target]);
  });

  it('lets look and nobody in', () => {
    expect(grafana?.environment).toMatchObject({
      GF_AUTH_ANONYMOUS_ORG_ROLE: 'Viewer',
      GF_AUTH_BASIC_ENABLED: 'false',
      GF_AUTH_DISABLE_LOGIN_FORM: 'true',
    });
  });
});

describe('the stand-ins of images that cannot be pulled', () => {
  it('have the names and versions of compose.yaml', () => {
    const standIns = (readYaml('test/compose/stand-ins/compose.yaml') as ComposeFile).services;
    const others = all
      .filter(([, { build }]) => build === undefined)
      .map(([name, { image }]) => [name, image.split('@')[0]]);
    expect(Object.entries(standIns).map(([name, { image }]) => [name, image])).toEqual(others);
    const script = readFileSync(inRepository('test/compose/stand-ins/build.sh'), 'utf8');
    for (const [name, image] of others) expect(script).toContain(`"$@" ${image!} "$contexts/${name!}"`);
    // Whoever reads compose.yaml gets the real ones.
    expect(text).not.toMatch(/stand-in/);
  });
});
