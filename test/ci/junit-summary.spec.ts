import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

describe('the summary of a JUnit report', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pawl-junit-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const summary = (xml: string) => {
    writeFileSync(join(folder, 'junit.xml'), xml);
    return execFileSync(process.execPath, ['scripts/ci/junit-summary.js', join(folder, 'junit.xml')]).toString();
  };

  it('counts, and shows what failed as a person wrote it', () => {
    const text = summary(
      `<?xml version="1.0"?><testsuites><testsuite name="a">
        <testcase classname="a works" name="always" time="1"></testcase>
        <testcase classname="b" name="is short" time="1"/>
        <testcase classname="c" name="is for later"><skipped/></testcase>
        <testcase classname="d" name="is &lt;wrong&gt;"><failure>Error: &quot;1&quot; is not 2 &amp; never &#27;[31mwas
    at there</failure></testcase>
      </testsuite></testsuites>`,
    );
    expect(text.split('\n')[0]).toBe('**2 passed, 1 failed, 1 skipped**');
    expect(text).toContain('- d is <wrong>');
    expect(text).toContain('Error: "1" is not 2 & never was\n    at there');
    expect(text).not.toContain('is for later');
  });

  it('shows twenty failures at most', () => {
    const text = summary(
      Array.from({ length: 23 }, (_, i) => `<testcase name="t${i}"><failure>no</failure></testcase>`).join(''),
    );
    expect(text).toContain('**0 passed, 23 failed, 0 skipped**');
    expect(text.match(/^- t\d+$/gm)).toHaveLength(20);
    expect(text).toContain('and 3 more');
  });

  it('says that nothing ran where there is no report', () => {
    expect(
      execFileSync(process.execPath, ['scripts/ci/junit-summary.js', join(folder, 'none.xml')]).toString(),
    ).toContain('no test ran');
  });
});
