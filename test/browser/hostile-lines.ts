/** Log lines that try to break out of the list: markup, escapes, bidirectional overrides, sheer size. */
export const HOSTILE_LINES: readonly string[] = [
  '<img src=x onerror="window.hacked=1">',
  '<script>window.hacked=2</script><iframe srcdoc="<script>parent.hacked=3</script>">',
  '"><svg/onload=alert(1)><a href="javascript:window.hacked=4">click</a>',
  'javascript:window.hacked=5 data:text/html,<script>window.hacked=6</script>',
  'see https://example.test/a?b=<script>window.hacked=7</script> for more',
  JSON.stringify({ level: 'error', msg: '<img src=x onerror=alert(2)>', '<b>key</b>': '<i>value</i>' }),
  '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"msg":"prototype"}',
  '\x1b[31mred\x1b[0m \x1b[1;44mbold on blue\x1b[0m \x1b[2J\x1b[1;1H\x1b]0;title\x07 moved nothing',
  '\x1b]8;;javascript:window.hacked=8\x1b\\terminal link\x1b]8;;\x1b\\',
  'account \u202egnp.exe\u202c ends \u2066isolate \u200bzero \u0000 nul \u0007 bell',
  'שלום עולם: טקסט מימין לשמאל (rtl) 123',
  'first\nsecond\r\nthird\n\n\n\n\n\n\n\n\n\n\n\nlast',
  `${'\n'.repeat(2_000)}deep`,
  `wide ${'W'.repeat(200_000)} end`,
  JSON.stringify({ msg: 'nested', deep: JSON.parse(`${'{"a":'.repeat(200)}1${'}'.repeat(200)}`) }),
  JSON.stringify({
    msg: 'many',
    ...Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`key${i}`, i])),
  }),
  `Z̸̡̢̛̗̘̙̜̝̞̟̠̤̥̦̩̪̫̬̭̮̯̰̱̲̳̹̺̻̼͇͈͉͍͎̀́̂̃̄̅̆̇̈̉̊̋̌̍̎̏̐̑̒̓̔̽̾̿̀́͂̓̈́͆͊͋͌̕̚͠͡ͅ combining`,
]
