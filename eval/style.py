"""How the report looks: one style sheet, light and dark, wide and narrow, paper."""

from .plots import DARK, LIGHT


def _colors(palette: dict[str, str]) -> str:
    return "".join(f"--{name}:{color};" for name, color in palette.items())


STYLE = (
    ":root{color-scheme:light dark;--page:#fbfbfa;--card:#fff;--soft:#f3f4f3;--accent:#0f766e;--warn:#b45309;"
    + _colors(LIGHT)
    + "}@media (prefers-color-scheme:dark){:root{--page:#101317;--card:#171b20;--soft:#1e2329;"
    + "--accent:#2dd4bf;--warn:#f5a524;"
    + _colors(DARK)
    + "}}"
    + """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);
 font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,
 "Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1080px;margin:0 auto;padding:40px 24px 72px}
header p,.lead{color:var(--muted);margin:.25em 0 0;max-width:44em}
h1{font-size:2.1rem;line-height:1.15;letter-spacing:-.02em;margin:0}
h2{font-size:1.3rem;letter-spacing:-.01em;margin:56px 0 0}
h3{font-size:1rem;margin:0}
section>h3{margin-top:24px}
.facts{display:flex;flex-wrap:wrap;gap:1px;background:var(--line);
 border:1px solid var(--line);border-radius:12px;overflow:hidden;margin:28px 0 0}
.facts div{flex:1 1 118px;background:var(--card);padding:14px 16px}
.facts dt{color:var(--muted);font-size:.8rem}
.facts dd{margin:2px 0 0;font-size:1.3rem;font-weight:600;letter-spacing:-.01em}
.verdicts{list-style:none;padding:0;margin:16px 0 0;display:grid;gap:6px}
.verdicts li{padding-left:26px;position:relative}
.verdicts li::before{content:"≈";position:absolute;left:4px;color:var(--muted)}
.verdicts li.win::before{content:"▲";color:var(--accent)}
.verdicts li.loss::before{content:"▼";color:var(--warn)}
details{margin:12px 0 0}
summary{color:var(--muted);font-size:.88rem;cursor:pointer}
.scroll{overflow-x:auto;margin:18px 0 0;border:1px solid var(--line);border-radius:12px;
 background:var(--card)}
table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{text-align:right;padding:10px 14px;white-space:nowrap;vertical-align:top}
th:first-child,td:first-child{text-align:left;position:sticky;left:0;background:var(--card)}
thead th{color:var(--muted);font-weight:500;font-size:.8rem;border-bottom:1px solid var(--line)}
thead small{display:block;font-weight:400}
tbody tr+tr td{border-top:1px solid var(--line)}
td small{display:block;color:var(--muted);font-size:.76rem}
tr.ours td:first-child{font-weight:600;box-shadow:inset 3px 0 0 var(--accent)}
td.best b{color:var(--accent)}
td b{font-weight:600}
.mark{color:var(--accent);font-size:.75em;vertical-align:.15em;margin-left:3px}
.key{color:var(--muted);font-size:.82rem;margin:10px 0 0}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:20px;
 margin:18px 0 0}
figure{display:flex;flex-direction:column;margin:0;background:var(--card);border:1px solid var(--line);
 border-radius:12px;padding:16px 18px 12px}
figure svg{display:block;width:100%;height:auto;margin-top:auto;padding-top:8px;overflow:visible}
figcaption p{margin:2px 0 0;color:var(--muted);font-size:.85rem}
.person{background:var(--card);border:1px solid var(--line);border-radius:14px;margin:20px 0 0;
 overflow:hidden}
.person>header{padding:18px 20px 14px}
.person header p{font-size:.95rem}
.person h3{font-size:1.1rem}
.wish{margin:12px 20px 0;padding:10px 14px;border-left:3px solid var(--accent);background:var(--soft);
 border-radius:0 8px 8px 0}
.label{color:var(--muted);font-size:.78rem;margin:14px 20px 6px}
.strip{display:flex;gap:12px;overflow-x:auto;padding:0 20px 8px}
.strip>div{flex:0 0 80px;font-size:.74rem;line-height:1.3;color:var(--muted);hyphens:auto;
 overflow-wrap:anywhere}
.strip span.title{display:-webkit-box;-webkit-line-clamp:3;-webkit-box-orient:vertical;overflow:hidden;
 margin-top:4px}
.thumb{display:block;width:80px;height:108px;object-fit:cover;border-radius:6px;background:var(--soft)}
.blank{display:flex;align-items:center;justify-content:center;color:var(--muted);font-size:1.4rem;
 font-weight:600}
.suggestions{list-style:none;margin:0;padding:0;counter-reset:place}
.suggestions>li{display:flex;gap:16px;padding:16px 20px;border-top:1px solid var(--line)}
.suggestions h4{margin:0;font-size:1rem;overflow-wrap:anywhere}
.suggestions .kind{color:var(--muted);font-size:.82rem}
.badge{display:inline-block;font-size:.72rem;font-weight:600;color:var(--accent);
 border:1px solid var(--accent);
 border-radius:99px;padding:0 8px;margin-left:8px;vertical-align:.1em;white-space:nowrap}
.because{margin:8px 0 0;padding:0;list-style:none}
.because li+li{margin-top:8px}
.evidence{display:flex;flex-wrap:wrap;gap:6px;margin:4px 0 0}
.evidence span{font-size:.76rem;color:var(--muted);background:var(--soft);border-radius:6px;padding:1px 8px;
 overflow-wrap:anywhere}
.evidence span::before{content:"✓ ";color:var(--accent)}
.source{color:var(--muted);font-size:.74rem;margin:6px 0 0}
.note{padding:12px 16px;border:1px solid var(--line);border-radius:10px;background:var(--card);
 margin:14px 0 0}
.note.leak{border-color:var(--warn)}
.note b{color:var(--warn)}
ul.plain{padding-left:1.1em;margin:12px 0 0}
.about{display:grid;grid-template-columns:max-content 1fr;gap:6px 20px;margin:16px 0 0;font-size:.9rem}
.about dt{color:var(--muted)}
.about dd{margin:0;overflow-wrap:anywhere;min-width:0}
code{font:.86em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
@media (max-width:600px){main{padding:24px 16px 48px}h1{font-size:1.6rem}h2{margin-top:40px}
 .about{grid-template-columns:1fr;gap:0}.about dd{margin-bottom:10px}
 .suggestions>li{padding:14px 16px;gap:12px}.strip,.person>header{padding-left:16px;padding-right:16px}
 .label,.wish{margin-left:16px;margin-right:16px}th,td{padding:8px 10px}
 td:first-child{white-space:normal;min-width:8.5em}.thumb{width:72px;
 height:97px}.strip>div{flex-basis:72px}}
@media print{body{background:#fff}.person,figure,.scroll{break-inside:avoid}}
"""
)
