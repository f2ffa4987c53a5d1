"""A result as a table for people, and as a picture."""

NAMES = ["relay", "sluice", "nginx", "haproxy"]
COLORS = {"relay": "#b0b0b0", "sluice": "#1f6feb", "nginx": "#2da44e", "haproxy": "#bf8700"}


def cell(value):
    if value is None:
        return "-"
    return f"{value:,.2f}" if isinstance(value, float) and value < 100 else f"{value:,.0f}"


def exchange_table(exchanges):
    lines = ["| scenario | relay | sluice | nginx | haproxy | to the better peer | to the relay | failed |",
             "|---|---:|---:|---:|---:|---:|---:|---:|"]
    for name, table in exchanges.items():
        cpu = [cell(table[proxy]["cpu_us"]) if proxy in table else "-" for proxy in NAMES]
        failed = sum(table[proxy]["failed"] for proxy in NAMES if proxy in table)
        lines.append(f"| {name} | {' | '.join(cpu)} | {table.get('ratio_to_better_peer', '-')} | "
                     f"{table.get('ratio_to_relay', '-')} | {failed} |")
    return "\n".join(lines)


def detail_table(exchanges, key, title):
    lines = [f"| {title} | " + " | ".join(NAMES) + " |", "|---|" + "---:|" * len(NAMES)]
    for name, table in exchanges.items():
        values = [cell(table[proxy].get(key)) if proxy in table else "-" for proxy in NAMES]
        lines.append(f"| {name} | " + " | ".join(values) + " |")
    return "\n".join(lines)


def text(results):
    machine = results["machine"]
    parts = [f"Linux {machine['kernel']}, {machine['cores']} x {machine['cpu']}, "
             f"{machine['congestion_control']}; {machine['nginx']}; {machine['haproxy']}; mode "
             f"{results['mode']}; load average before {machine['load_average_before']:.1f}"]
    exchanges = results.get("exchanges", {})
    if exchanges:
        parts.append("CPU microseconds of the proxy per request\n\n" + exchange_table(exchanges))
        for key, title in (("per_second", "requests per second"), ("p50_us", "p50, us"),
                           ("p99_us", "p99, us"), ("system_calls", "system calls per request")):
            parts.append(detail_table(exchanges, key, title))
    for name, table in results.get("events", {}).items():
        lines = [name]
        for key, value in table.items():
            lines.append(f"  {key}: {value}")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def picture(exchanges):
    """Bars of CPU per request relative to the better peer, as SVG."""
    row_height, bar_height, left, width = 78, 14, 150, 620
    rows = list(exchanges.items())
    height = 40 + row_height * len(rows)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 90}" height="{height}" '
           f'font-family="sans-serif" font-size="12">',
           '<text x="10" y="20" font-size="14">CPU per request, relative to the better of nginx and '
           'HAProxy</text>']
    for number, (name, table) in enumerate(rows):
        top = 40 + number * row_height
        peers = [table[peer]["cpu_us"] for peer in ("nginx", "haproxy") if peer in table]
        better = min(peers, default=table["sluice"]["cpu_us"])
        out.append(f'<text x="10" y="{top + row_height / 2}">{name}</text>')
        for place, proxy in enumerate(NAMES):
            if proxy not in table:
                continue
            share = table[proxy]["cpu_us"] / better
            y = top + place * (bar_height + 2)
            bar = min(share, 2) / 2 * width
            out.append(f'<rect x="{left}" y="{y}" width="{bar:.1f}" height="{bar_height}" '
                       f'fill="{COLORS[proxy]}"/>')
            out.append(f'<text x="{left + bar + 6:.1f}" y="{y + 11}">{proxy} {share:.2f} '
                       f'({table[proxy]["cpu_us"]:.1f} us)</text>')
    out.append("</svg>")
    return "\n".join(out) + "\n"
