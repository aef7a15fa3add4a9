import { parser } from '@prometheus-io/lezer-promql';

/** `name="value"` in a selector. */
export interface Matcher {
  readonly label: string;
  readonly operator: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

/** `metric{matchers}`. */
export interface Selector {
  /** Absent where only matchers choose. */
  readonly metric: string | undefined;
  readonly matchers: readonly Matcher[];
}

/** What an expression of PromQL asks for. */
export interface Expression {
  readonly selectors: readonly Selector[];
  /** Labels of every `by (...)`. */
  readonly groupedBy: readonly string[];
}

type Node = ReturnType<typeof parser.parse>['topNode'];

/** Reads PromQL by Prometheus' own grammar. @throws Error where it is none. */
export function readExpression(text: string): Expression {
  const selectors: Selector[] = [];
  const groupedBy: string[] = [];
  const textOf = ({ from, to }: Node) => text.slice(from, to);
  const tree = parser.parse(text);
  tree.iterate({
    enter: ({ type, from }) => {
      if (type.isError) throw new Error(`no PromQL at ${from}: ${text}`);
    },
  });
  tree.iterate({
    enter: ({ type, node }) => {
      if (type.name === 'VectorSelector') selectors.push(selectorOf(node, textOf));
      if (type.name === 'AggregateModifier' && node.getChild('By') !== null)
        groupedBy.push(...(node.getChild('GroupingLabels')?.getChildren('LabelName') ?? []).map(textOf));
    },
  });
  return { selectors, groupedBy };
}

function selectorOf(node: Node, textOf: (node: Node) => string): Selector {
  const metric = node.getChild('Identifier');
  const matchers = (node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []).map((matcher) => {
    const part = (name: string) => {
      const found = matcher.getChild(name);
      if (found === null) throw new Error(`a matcher without ${name}: ${textOf(matcher)}`);
      return textOf(found);
    };
    return {
      label: part('LabelName'),
      operator: part('MatchOp') as Matcher['operator'],
      value: part('StringLiteral').slice(1, -1).replaceAll('\\\\', '\\'),
    };
  });
  return { metric: metric === null ? undefined : textOf(metric), matchers };
}
