import ts from 'typescript';

/** One change of one built file. */
export interface Mutant {
  readonly file: string;
  readonly line: number;
  /** The rule that the change is about, where its site names one. */
  readonly rule: string;
  readonly kind: 'removed' | 'unlisted' | 'passed over' | 'border' | 'part' | 'left out' | 'sum';
  readonly what: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const BORDERS: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [ts.SyntaxKind.LessThanToken, '<='],
  [ts.SyntaxKind.LessThanEqualsToken, '<'],
  [ts.SyntaxKind.GreaterThanToken, '>='],
  [ts.SyntaxKind.GreaterThanEqualsToken, '>'],
]);

/** Rule lists whose entries are taken out one by one. */
const LISTS = new Set(['HEADER_RULES', 'BODY_RULES', 'pairs']);

/** Calls that change the state; what they tell timelines (`emit`) is no part of it. */
const EFFECTS =
  /^(view\.(mustMove|put|remove)|store(Contract|Due|Over)|(un)?scheduleDue|(take|release)Capacity|recordDemand|registerContract|moveBurnPrice|settle|fail|closeFailed|returnDeposits|payProof)$/;

/** Where contracts count coins, bytes, epochs and heights. */
const COUNTING =
  /contracts\/(money\/(?!burn-outlook)|(lifecycle|offer|form|end)\/)|price-revision|price-drop|replacement\.js|revise\.js|drop\.js|redeem\.js/;

const OTHER_SUM: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [ts.SyntaxKind.PlusToken, '-'],
  [ts.SyntaxKind.MinusToken, '+'],
  [ts.SyntaxKind.AsteriskToken, '/'],
  [ts.SyntaxKind.SlashToken, '*'],
]);

/**
 * Every mutant of a built file of the law: each of its rules removed, left out of its list, or moved by one; of contracts,
 * each effect left out and each sum made another.
 */
export function mutantsOf(file: string, source: string): readonly Mutant[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
  const found = new Map<string, Mutant>();
  const add = (node: ts.Node, kind: Mutant['kind'], rule: string, text: string): void => {
    const start = node.getStart();
    const line = tree.getLineAndCharacterOfPosition(start).line + 1;
    const what = node.getText().replaceAll(/\s+/g, ' ').slice(0, 90);
    const key = `${start}:${node.end}:${text}`;
    if (!found.has(key)) found.set(key, { file, line, rule, kind, what, start, end: node.end, text });
  };
  const visit = (node: ts.Node): void => {
    const rule = ruleOf(node);
    if (rule !== undefined) mutateSite(node, rule, add);
    if (ts.isIfStatement(node) && passesOn(node)) add(node.expression, 'passed over', '', 'false');
    if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken)
      mutateChain(node, add);
    if (ts.isVariableDeclaration(node) && LISTS.has(node.name.getText()) && node.initializer) {
      if (ts.isArrayLiteralExpression(node.initializer)) mutateList(node.initializer, add);
    }
    if (file.startsWith('contracts') && !file.includes('invariants')) mutateMoney(file, node, add);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return [...found.values()];
}

function mutateMoney(file: string, node: ts.Node, add: Add): void {
  if (ts.isExpressionStatement(node) && ts.isCallExpression(node.expression)) {
    // Built code may write `(0, module.name)(...)`.
    const called = node.expression.expression.getText().replace(/^\(0, (?:\w+\.)?(\w+)\)$/, '$1');
    if (EFFECTS.test(called)) add(node, 'left out', '', ';');
  }
  if (!COUNTING.test(file) || !ts.isBinaryExpression(node) || isTold(node)) return;
  const { left, right, operatorToken } = node;
  const other = OTHER_SUM.get(operatorToken.kind);
  if (other !== undefined && !isText(left) && !isText(right))
    add(node, 'sum', '', `(${left.getText()}) ${other} (${right.getText()})`);
}

/** Inside of what timelines are told, which is no part of the state. */
function isTold(node: ts.Node): boolean {
  for (let at = node; !ts.isFunctionLike(at) && !ts.isSourceFile(at); at = at.parent)
    if (
      ts.isCallExpression(at) &&
      /^(\(0, (\w+\.)?emitContract\)|emitContract|view\.emit)$/.test(at.expression.getText())
    )
      return true;
  return false;
}

function isText(node: ts.Node): boolean {
  return ts.isStringLiteral(node) || ts.isTemplateLiteral(node);
}

type Add = (node: ts.Node, kind: Mutant['kind'], rule: string, text: string) => void;

/** The rule a node names: `{ rule: 'a/b' }` or `new DecodeError('a/b')`. */
function ruleOf(node: ts.Node): string | undefined {
  if (ts.isNewExpression(node) && node.expression.getText() === 'DecodeError') {
    const [first] = node.arguments ?? [];
    return first && ts.isStringLiteral(first) ? first.text : undefined;
  }
  if (!ts.isPropertyAssignment(node) || node.name.getText() !== 'rule') return undefined;
  return ts.isStringLiteral(node.initializer) ? node.initializer.text : undefined;
}

/** Removes the nearest condition under which a rule is named, and moves its borders. */
function mutateSite(site: ts.Node, rule: string, add: Add): void {
  for (let node = site; !ts.isSourceFile(node.parent); node = node.parent) {
    const { parent } = node;
    if (ts.isIfStatement(parent) && parent.thenStatement === node) {
      add(parent.expression, 'removed', rule, 'false');
      mutateCondition(parent.expression, rule, add);
      return;
    }
    if (ts.isConditionalExpression(parent) && parent.condition !== node) {
      const other = parent.whenTrue === node ? parent.whenFalse : parent.whenTrue;
      add(parent, 'removed', rule, other.getText());
      mutateCondition(parent.condition, rule, add);
      return;
    }
    if (ts.isFunctionLike(node)) return;
  }
}

function mutateCondition(condition: ts.Expression, rule: string, add: Add): void {
  const visit = (node: ts.Node): void => {
    if (ts.isBinaryExpression(node)) {
      const { left, right, operatorToken } = node;
      const border = BORDERS.get(operatorToken.kind);
      if (border !== undefined) add(node, 'border', rule, `${left.getText()} ${border} ${right.getText()}`);
      const isJoin =
        operatorToken.kind === ts.SyntaxKind.BarBarToken ||
        operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken;
      if (isJoin) {
        add(node, 'part', rule, left.getText());
        add(node, 'part', rule, right.getText());
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(condition);
}

/** `if (...) return` of a violation that came from elsewhere. */
function passesOn(node: ts.IfStatement): boolean {
  const then = node.thenStatement.getText();
  if (ruleNamed(then)) return false;
  return (
    /^\{?\s*return /.test(then) && /violation|unpaid|stateless|replayed|wrong|early|refused\(/.test(then)
  );
}

function ruleNamed(text: string): boolean {
  return /rule:\s*'/.test(text);
}

/** `a(...) ?? b(...)`: each check left out in turn. */
function mutateChain(node: ts.BinaryExpression, add: Add): void {
  if (!/validate|view\.move|register/.test(node.getText())) return;
  add(node, 'passed over', '', node.left.getText());
  add(node, 'passed over', '', node.right.getText());
}

function mutateList(list: ts.ArrayLiteralExpression, add: Add): void {
  for (const left of list.elements) {
    const rest = list.elements.filter((element) => element !== left).map((element) => element.getText());
    add(list, 'unlisted', left.getText().replaceAll(/\s+/g, ' ').slice(0, 60), `[${rest.join(', ')}]`);
  }
}
