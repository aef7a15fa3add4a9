import { checkApplications } from './check-applications.ts';

/** `prod/catdog` is a folder with images, `prod/catdog-` one without. */
const folder = (text: string) => {
  const [environment = '', model = ''] = text.replace(/-$/, '').split('/');
  return { environment, model, file: text, hasAcceptance: !text.endsWith('-') };
};

describe('names of Applications', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['two models of two environments', ['staging/cat', 'staging/dog', 'prod/cat', 'prod/dog'], []],
    ['a model and an environment that meet', ['eu-prod/cat', 'prod/cat-eu'], ['prod/cat-eu']],
    ['the same of another model', ['eu-prod/cat', 'prod/dog-eu'], []],
    ['a name that Argo CD changes', ['prod/big-cat', 'prod/big_cat'], ['prod/big_cat']],
    ['an environment named like a part', ['prod/cat', 'prod-versions/cat'], ['prod-versions/cat']],
    ['the part of images, where there are some', ['prod/cat', 'prod-images/cat'], ['prod-images/cat']],
    ['and where there are none', ['prod/cat-', 'prod-images/cat-'], []],
  ])('%s', (_, folders, expected) => {
    const findings = checkApplications(folders.map(folder));
    expect([...new Set(findings.map(({ file }) => file))]).toEqual(expected);
    for (const finding of findings) expect(finding).toMatchObject({ code: 'APPLICATION_DUPLICATE', severity: 'error' });
  });
});
