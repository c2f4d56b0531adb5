#include "reference/stan/context.h"

#include "reference/stan/cluster_role.h"

namespace atrest::stan {

bool Context::IsServing() const { return cluster == nullptr || cluster->is_leader; }

}  // namespace atrest::stan
