import { CliError } from './cli-error.ts';
import { writeError } from './write-error.ts';

const failure = (code: string) => Object.assign(new Error(`${code}: no`), { code });

describe('the error of a failed write', () => {
  it.each([
    ['ENOSPC', 'DISK_FULL', 'out/a cannot be written: the disk is full.'],
    ['EDQUOT', 'DISK_FULL', 'out/a cannot be written: the disk quota is used up.'],
    ['EACCES', 'FILE_WRITE_FAILED', 'out/a cannot be written (EACCES).'],
  ])('%s is %s', (code, expected, message) => {
    expect(writeError('out/a', failure(code))).toMatchObject({ code: expected, message, cause: failure(code) });
  });

  it('names the other place, and says when nothing is lost', () => {
    const advice = { elsewhere: 'give another folder with --cache', resumes: true };
    expect(writeError('a', failure('ENOSPC'), advice)).toMatchObject({
      hint: 'Free some space, or give another folder with --cache, and run the same command again: what is done is kept.',
    });
    expect(writeError('a', failure('EROFS'), advice)).toMatchObject({
      hint: 'Check that the folder exists and that you may write there, or give another folder with --cache.',
    });
  });

  it('leaves alone what is no failed write', () => {
    const own = new CliError('INTERRUPTED', 'interrupted', '');
    const abort = failure('ABORT_ERR');
    const defect = new TypeError('a defect');
    expect([writeError('a', own), writeError('a', abort), writeError('a', defect)]).toEqual([own, abort, defect]);
  });
});
