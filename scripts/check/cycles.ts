// Finds circles in a directed graph (Tarjan's strongly connected components).

/**
 * @param edges  node → nodes it points to; nodes that are only pointed to need no entry
 * @returns one circle for each group of nodes that reach each other, first node repeated at the end
 */
export function cyclesOf(edges: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  return components(edges)
    .filter((group) => group.length > 1 || edges.get(group[0] ?? "")?.has(group[0] ?? "") === true)
    .map((group) => circleIn(edges, new Set(group)))
    .sort((a, b) => (a[0] ?? "").localeCompare(b[0] ?? ""));
}

function components(edges: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const onStack = new Set<string>();
  const found: string[][] = [];

  const visit = (node: string): void => {
    order.set(node, order.size);
    low.set(node, order.size - 1);
    stack.push(node);
    onStack.add(node);
    for (const next of edges.get(node) ?? []) {
      if (!order.has(next)) {
        visit(next);
        low.set(node, Math.min(low.get(node) ?? 0, low.get(next) ?? 0));
      } else if (onStack.has(next)) low.set(node, Math.min(low.get(node) ?? 0, order.get(next) ?? 0));
    }
    if (low.get(node) !== order.get(node)) return;
    const group = stack.splice(stack.lastIndexOf(node));
    for (const member of group) onStack.delete(member);
    found.push(group);
  };

  for (const node of edges.keys()) if (!order.has(node)) visit(node);
  return found;
}

/** The shortest circle through the group's first node in alphabetical order. */
function circleIn(edges: ReadonlyMap<string, ReadonlySet<string>>, group: ReadonlySet<string>): string[] {
  const [start = ""] = [...group].sort();
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const node of queue) {
    for (const next of edges.get(node) ?? []) {
      if (next === start) {
        const back = [start];
        for (let at = node; at !== start; at = cameFrom.get(at) ?? start) back.unshift(at);
        return [start, ...back];
      }
      if (!group.has(next) || cameFrom.has(next)) continue;
      cameFrom.set(next, node);
      queue.push(next);
    }
  }
  return [start];
}
