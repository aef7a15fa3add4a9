/**
 * `describe` for a suite that needs something outside the repository, named by an environment variable. Unset: the suite
 * is reported as skipped under a title that says which variable runs it.
 */
export function describeWhenSet(variable: string, title: string, suite: (value: string) => void): void {
  const value = process.env[variable];
  if (value === undefined || value === '') {
    describe.skip(`${title} (skipped: set ${variable} to run it, see CONTRIBUTING.md)`, () => {
      it('needs ' + variable, () => undefined);
    });
    return;
  }
  describe(title, () => {
    suite(value);
  });
}
