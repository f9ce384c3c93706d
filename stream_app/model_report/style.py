"""How the page looks: light and dark by the reader's setting, two columns or one by the width of the screen."""

STYLE = """
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #fff; --text: #1c2430; --soft: #5b6675; --rule: #dfe3e8; --grid: #e8ebef;
  --c0: #1f5fbf; --c1: #c2571a; --c2: #1d8a5b; --c3: #8445b0; --c4: #b0802a; --c5: #3b8ea5;
  --no: #9db4d3; --yes: #c2571a; --bad: #b3261e; --well: #1d7a4b; --look: #a14a00; --wellground: #dff3e7;
  --lookground: #fdebd8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #11151b; --card: #1a2029; --text: #e6eaf0; --soft: #9aa6b5; --rule: #2e3743; --grid: #28303b;
    --c0: #7db0ff; --c1: #ff9d5c; --c2: #5fd39f; --c3: #c79bf0; --c4: #e5bd6a; --c5: #7fd0e6;
    --no: #4c6486; --yes: #ff9d5c; --bad: #ff8a80; --well: #7fe0ab; --look: #ffb877; --wellground: #173626;
  --lookground: #40290f;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, "Segoe UI", Roboto,
  "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
header, main, footer { max-width: 1180px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 28px; }
h1 { margin: 0; font-size: 1.9rem; letter-spacing: -0.01em; }
header p, footer { color: var(--soft); margin: 4px 0 12px; }
footer { padding: 24px 20px 48px; font-size: 0.9rem; }
nav a { display: inline-block; margin: 0 14px 8px 0; color: var(--c0); }
a { color: var(--c0); }
section { margin: 32px 0; }
h2 { font-size: 1.35rem; margin: 0 0 12px; border-bottom: 1px solid var(--rule); padding-bottom: 6px; }
h3 { font-size: 1.02rem; margin: 0; }
section > h3 { margin: 22px 0 8px; }
.badge { font-size: 0.78rem; font-weight: 600; padding: 2px 9px; border-radius: 10px; vertical-align: 3px;
  white-space: nowrap; }
.badge { background: var(--rule); }
.badge.well { color: var(--well); background: var(--wellground); }
.badge.look { color: var(--look); background: var(--lookground); }
td:last-child { min-width: 13rem; }
td .badge { vertical-align: 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(148px, 1fr)); gap: 10px; margin: 0 0 14px; }
.tiles div, figure { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; }
.tiles div { padding: 10px 14px; }
dt { color: var(--soft); font-size: 0.82rem; }
dd { margin: 0; font-size: 1.3rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
dd small { display: block; font-size: 0.76rem; color: var(--soft); }
.remarks { margin: 12px 0 16px; padding: 10px 16px 10px 34px; background: var(--lookground); border-radius: 10px; }
.missing { color: var(--soft); font-size: 0.9rem; padding-left: 20px; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 440px), 1fr)); gap: 16px; }
figure { margin: 0; padding: 14px 16px 10px; min-width: 0; }
figcaption p { margin: 2px 0 8px; color: var(--soft); font-size: 0.86rem; line-height: 1.4; }
.legend { margin: 0 0 4px; font-size: 0.84rem; display: flex; flex-wrap: wrap; gap: 2px 16px; }
.legend i { display: inline-block; width: 14px; height: 10px; margin-right: 6px; border-radius: 2px;
  background: currentColor; }
.legend span { color: var(--text); }
svg { display: block; width: 100%; height: auto; }
svg text { font-size: 11.5px; fill: var(--soft); font-family: inherit; }
svg text.name { fill: var(--text); }
svg text.of { font-size: 11.5px; }
svg text.name, svg text.limit, svg text.mark, svg text.drift, svg text.spent { paint-order: stroke;
  stroke: var(--card); stroke-width: 3px; }
.grid { stroke: var(--grid); }
.axis { stroke: var(--soft); }
line.limit { stroke: var(--bad); stroke-dasharray: 5 4; }
svg text.limit { stroke-dasharray: none; fill: var(--bad); font-size: 10.5px; }
line.mark { stroke: var(--c3); stroke-dasharray: 2 3; }
svg text.mark { stroke-dasharray: none; fill: var(--c3); font-weight: 700; }
line.drift, line.spent { stroke: var(--bad); stroke-dasharray: 1 3; } line.spent { stroke: var(--soft); }
svg text.drift, svg text.spent { stroke-dasharray: none; fill: var(--bad); font-weight: 700; }
svg text.spent { fill: var(--soft); }
.line { fill: none; stroke: var(--line); stroke-width: 2.2; stroke-linejoin: round; }
.dots circle { fill: var(--line); }
.dots { opacity: 0.55; }
.whisker { stroke: var(--line); stroke-width: 1.4; opacity: 0.6; }
.line-0 { --line: var(--c0); } .line-1 { --line: var(--c1); } .line-2 { --line: var(--c2); }
.line-3 { --line: var(--c3); } .line-4 { --line: var(--c4); } .line-5 { --line: var(--c5); }
.line-1 .line { stroke-dasharray: 7 3; } .line-2 .line { stroke-dasharray: 2 3; } .line-3 .line {
  stroke-dasharray: 9 3 2 3; }
.line-4 .line { stroke-dasharray: 5 5; } .line-5 .line { stroke-dasharray: 12 4; }
.ideal { --line: var(--soft); } .ideal .line { stroke-dasharray: 4 4; stroke-width: 1.2; }
.legend .line-0 i, .legend .line-1 i, .legend .line-2 i, .legend .line-3 i, .legend .line-4 i,
  .legend .line-5 i, .legend .ideal i { background: var(--line); height: 3px; width: 20px;
  vertical-align: 4px; }
.bar-no { fill: var(--no); } .bar-yes { fill: var(--yes); } .bar-one { fill: var(--c0); } .bar-bad {
  fill: var(--bad); }
.legend .drift i { background: var(--bad); width: 3px; } .legend .spent i { background: var(--soft); width: 3px; }
.legend .bar-no i { background: var(--no); } .legend .bar-yes i { background: var(--yes); }
details { margin-top: 6px; font-size: 0.88rem; }
summary { cursor: pointer; color: var(--soft); }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.88rem; font-variant-numeric: tabular-nums;
  background: var(--card); }
details .table { max-height: 320px; overflow-y: auto; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th, td { text-align: left; padding: 6px 10px; border-bottom: 1px solid var(--rule); vertical-align: top; }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
@media (max-width: 600px) { header, main, footer { padding-left: 12px; padding-right: 12px; } h1 {
  font-size: 1.5rem; } }
@media print { details { display: none; } figure { break-inside: avoid; } }
"""
