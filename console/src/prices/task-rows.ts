/** The prices of one action and model, in US dollars as text; empty where there is none. */
export interface TaskRow {
  action: string;
  model: string;
  relax: string;
  fast: string;
  turbo: string;
}

const SPEEDS = ['fast', 'turbo'] as const;

/** Whether a version costs what its action costs anyway. */
function saysNothing(row: TaskRow, rows: ReadonlyMap<string, TaskRow>): boolean {
  const plain = row.model ? rows.get(`${row.action}-`) : undefined;
  return Boolean(plain && ['relax' as const, ...SPEEDS].every((one) => row[one] === plain[one]));
}

/** What most people look for first, and at the end what holds for all that is not named. */
function inOrder(rows: TaskRow[]): TaskRow[] {
  const rank = ({ action }: TaskRow) => (action === 'imagine' ? 0 : action ? 1 : 2);
  return rows.sort((a, b) => rank(a) - rank(b));
}

/** Returns the prices of tasks, one row for each action and model, lanes beside each other. */
export function taskRows(tasks: Record<string, string>): TaskRow[] {
  const rows = new Map<string, TaskRow>();
  for (const [key, usd] of Object.entries(tasks)) {
    const parts = (key.split('@')[1] ?? '').split('-');
    const speed = SPEEDS.find((one) => one === parts.at(-1));
    if (speed) parts.pop();
    const [action = '', model = ''] = parts;
    const name = `${action}-${model}`;
    const row = rows.get(name) ?? { action, model, relax: '', fast: '', turbo: '' };
    rows.set(name, { ...row, [speed ?? 'relax']: usd });
  }
  return inOrder([...rows.values()].filter((row) => !saysNothing(row, rows)));
}
