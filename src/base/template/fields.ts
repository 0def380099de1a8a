/** The `.Field` references of a template's actions, without their dot. */
export function templateFields(template: string): string[] {
  const names = new Set<string>()
  for (const [action] of template.matchAll(/\{\{.*?\}\}/gs)) {
    const code = action.replace(/"(?:[^"\\]|\\.)*"|`[^`]*`/g, '""')
    for (const [, name] of code.matchAll(/(?<![\w)$.])\.([\p{L}_][\p{L}\p{Nd}_]*)/gu)) names.add(name)
  }
  return [...names]
}
