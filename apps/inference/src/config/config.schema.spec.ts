import { parseConfig } from './config.schema.ts';

describe('parseConfig', () => {
  it('needs nothing', () => {
    expect(parseConfig({})).toMatchObject({ PORT: 8000, WORKERS: 'auto', QUEUE_LIMIT: 64 });
  });

  it('takes an empty variable as unset', () => {
    expect(parseConfig({ PORT: '', MODEL_URI: '' })).toMatchObject({ PORT: 8000 });
  });

  it.each([
    ['PORT', 'eighty', /PORT="eighty": .*number.*TCP port/],
    ['PORT', '70000', /PORT="70000": .*65535/],
    ['LOG_LEVEL', 'loud', /LOG_LEVEL="loud": .*"info"/],
    ['MODEL_URI', 'ftp://x', /MODEL_URI="ftp:\/\/x": expected a file:, https:, oci: or s3: address/],
    ['MODEL_DIGEST', 'sha256:abc', /MODEL_DIGEST="sha256:abc": expected sha256:<64 hex digits>/],
    ['WORKERS', '0', /WORKERS="0"/],
    ['IMAGE_FORMATS', 'jpeg,heic', /IMAGE_FORMATS="jpeg,heic": .*"avif"/],
    ['IMAGE_FORMATS', ',', /IMAGE_FORMATS=",": /],
    ['TRUSTED_PROXIES', '10.0.0.0/8,10.0.0.0/33', /TRUSTED_PROXIES=.*: expected addresses and networks/],
    ['TRUSTED_PROXIES', 'proxy.example', /TRUSTED_PROXIES=.*: expected addresses and networks/],
    ['TRUSTED_PROXIES', '10.0.0.0/8/8', /TRUSTED_PROXIES=.*: expected addresses and networks/],
    ['CORS_ORIGINS', 'app.example', /CORS_ORIGINS=.*: expected \* or origins such as https/],
    ['CORS_ORIGINS', 'https://app.example/', /CORS_ORIGINS=.*: expected \* or origins such as https/],
    [
      'PREDICTION_LOG',
      'oci://registry/log',
      /PREDICTION_LOG=.*: expected stdout, file:\/folder or s3:\/\/bucket\/prefix/,
    ],
    ['PREDICTION_LOG', 's3://x', /PREDICTION_LOG=.*: expected stdout, file:\/folder or s3:\/\/bucket\/prefix/],
    ['PREDICTION_LOG', 'stderr', /PREDICTION_LOG="stderr": expected stdout/],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'grpc://collector:4317', /OTEL_EXPORTER_OTLP_ENDPOINT=.*OpenTelemetry collector/],
    ['OTEL_TRACES_SAMPLER_ARG', '5', /OTEL_TRACES_SAMPLER_ARG="5": /],
    ['REGISTRY_PLAIN_HTTP', 'yes', /REGISTRY_PLAIN_HTTP="yes": .*"true"\|"false"/],
  ])('names variable, value and expectation for %s=%s', (name, value, expected) => {
    expect(() => parseConfig({ [name]: value })).toThrow(expected);
  });

  it('reads lists, with commas and spaces', () => {
    const given = {
      IMAGE_FORMATS: 'jpeg, png',
      TRUSTED_PROXIES: '10.0.0.0/8,::1/128,192.0.2.1,loopback',
      CORS_ORIGINS: 'https://app.example,http://localhost:5173',
    };
    expect(parseConfig(given)).toMatchObject({
      IMAGE_FORMATS: ['jpeg', 'png'],
      TRUSTED_PROXIES: ['10.0.0.0/8', '::1/128', '192.0.2.1', 'loopback'],
      CORS_ORIGINS: ['https://app.example', 'http://localhost:5173'],
    });
  });

  it('names every wrong variable at once', () => {
    expect(() => parseConfig({ PORT: 'x', QUEUE_LIMIT: '-1' })).toThrow(/PORT[^]*QUEUE_LIMIT/);
  });

  it('never repeats a secret', () => {
    expect(() => parseConfig({ PREDICTION_ID_KEY: 'hunter2' })).toThrow(/PREDICTION_ID_KEY=\(secret\)/);
    expect(() => parseConfig({ PREDICTION_ID_KEY: 'hunter2' })).not.toThrow(/hunter2/);
  });

  it('nor one of several', () => {
    const given = { PREDICTION_ID_OLD_KEYS: 'a-key-of-the-right-size,hunter2' };
    expect(() => parseConfig(given)).toThrow(/PREDICTION_ID_OLD_KEYS=\(secret\): expected at least 16 characters/);
    expect(() => parseConfig(given)).not.toThrow(/hunter2|a-key/);
  });

  it('reads keys of files, with the end of the line, and none that could not be listed later', () => {
    const key = 'a-key-of-the-right-size';
    expect(parseConfig({ PREDICTION_ID_KEY: `${key}\n`, PREDICTION_ID_OLD_KEYS: `${key},\n${key}\n` })).toMatchObject({
      PREDICTION_ID_KEY: key,
      PREDICTION_ID_OLD_KEYS: [key, key],
    });
    for (const separated of [`${key},${key}`, `${key} ${key}`])
      expect(() => parseConfig({ PREDICTION_ID_KEY: separated })).toThrow(/expected no spaces and no commas/);
    expect(() => parseConfig({ PREDICTION_ID_OLD_KEYS: Array(9).fill(key).join() })).toThrow(/expected 8 keys at most/);
  });

  it.each([
    [{ MODEL_URI: 'ftp://user:PASSWORD@x/y' }, /MODEL_URI="ftp:\/\/\*\*\*@x\/y": expected/],
    [{ MODEL_URI: 'ftp://x/y?X-Amz-Signature=SECRET' }, /MODEL_URI="ftp:\/\/x\/y\?\*\*\*": expected/],
    [{ MODEL_URI: 'user:PASS/WORD@x/y' }, /MODEL_URI="user:\*\*\*@x\/y": expected/],
    [{ S3_ENDPOINT: 'https//user:PASS WORD@x' }, /S3_ENDPOINT="\*\*\*@x": /],
    // A value in the wrong variable.
    [{ PORT: 'https://user:PASSWORD@x/y' }, /PORT="https:\/\/\*\*\*@x\/y": /],
  ])('nor what an address has in it: %p', (environment, shown) => {
    expect(() => parseConfig(environment)).toThrow(shown);
    expect(() => parseConfig(environment)).not.toThrow(/PASS|WORD|SECRET/);
  });
});
