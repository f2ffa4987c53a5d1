"""Writes a configuration with N routes, each with a host of its own and an unnamed pool of one."""


def routes_config(count, origin_port, listen_port, body_of=None):
    lines = [f'listeners:\n  - {{name: web, address: "127.0.0.1:{listen_port}", protocol: http}}\n',
             "access_log: off\n", "workers: 1\n", "routes:\n"]
    origin = f'to: ["127.0.0.1:{origin_port}"]'
    lines += [f"  - {{name: r{i}, match: {{hosts: [host-{i}.example.com]}}, {origin}}}\n"
              for i in range(count)]
    return "".join(lines)


def plain_config(origin_port, listen_port, extra=""):
    return (f'listeners:\n  - {{name: web, address: "127.0.0.1:{listen_port}", protocol: http}}\n'
            f'access_log: off\nworkers: 1\nroutes:\n'
            f'  - {{name: all, match: {{path_prefix: /}}, to: ["127.0.0.1:{origin_port}"]}}\n{extra}')
