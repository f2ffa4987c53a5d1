// What needs more than one object to see: duplicate names and addresses, references, tcp listeners and
// their routes. Runs over the whole Config after every load and edit (about 10 ms at 100,000 routes).
#pragma once

#include "admin/model/config.h"
#include "admin/model/error_sink.h"

namespace sluice::admin {

void check_into(const Config& config, ErrorSink& errors);
// Their parts in check_paths.cc.
void check_paths_into(const Config& config, ErrorSink& errors);
void check_route_paths_into(const Config& config, uint32_t number, ErrorSink& errors);

// What a route can be wrong about by itself: its references. With that, a configuration that was good before
// is good again after one route was put, when is_self_contained() is true of the route and of the one it
// replaces, and no other route has its id.
void check_route_into(const Config& config, uint32_t number, ErrorSink& errors);

// It counts in no sum over all routes: the routes of a tcp listener, the regular expressions.
bool is_self_contained(const Route& route);

}  // namespace sluice::admin
