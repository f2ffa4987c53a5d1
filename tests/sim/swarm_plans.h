// Draws what clients ask and origins answer.
#pragma once

#include "tests/sim/swarm.h"

namespace sluice::sim {

void draw_request(Rng& rng, const SwarmParameters& parameters, RequestPlan& plan, bool is_last);
void draw_tunnel(Rng& rng, const SwarmParameters& parameters, TunnelPlan& plan);
ClientOptions draw_client(Rng& rng, const SwarmParameters& parameters);
OriginOptions draw_origin(Rng& rng, const SwarmParameters& parameters);
SnapshotSpec draw_snapshot(Rng& rng, const SwarmParameters& parameters);
std::vector<PeerUseSpec> draw_placement(Rng& rng, const SwarmParameters& parameters);

}  // namespace sluice::sim
