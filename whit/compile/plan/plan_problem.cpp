#include "whit/compile/plan/plan_problem.hpp"

#include <algorithm>
#include <map>

namespace whit::compile {
namespace {

// An overlap at the op in hand. Lead rounded up as offsets are, and never more than the output's size: that is
// disjoint.
struct Share {
  int32_t output;
  int32_t input;
  int64_t lead;
};

int64_t rounded_lead(int64_t lead, int64_t output_size) {
  const int64_t up = lead >= 0 ? aligned(lead) : -(-lead / kArenaAlignment * kArenaAlignment);
  return std::min(up, output_size);
}

struct Lead {
  int64_t bytes;
  bool exact;
};
using Leads = std::map<std::pair<int32_t, int32_t>, Lead>;  // by (output, input)

// Leads of the usable overlaps; of two for the same pair the more generous one.
Leads usable_leads(const std::vector<PlanBuffer>& buffers, const std::vector<PlanOverlap>& overlaps) {
  Leads leads;
  for (const PlanOverlap& overlap : overlaps) {
    const PlanBuffer& output = buffers.at(static_cast<size_t>(overlap.output));
    const PlanBuffer& input = buffers.at(static_cast<size_t>(overlap.input));
    // Born where the other dies: any other overlap would not be safe.
    if (overlap.output == overlap.input || output.first_op != input.last_op) continue;
    if (overlap.exact && overlap.lead % kArenaAlignment != 0) continue;  // no two offsets lie that far apart
    const Lead lead{rounded_lead(overlap.lead, aligned(output.bytes)), overlap.exact};
    const auto [entry, is_new] = leads.try_emplace({overlap.output, overlap.input}, lead);
    const Lead& known = entry->second;
    if (!is_new && std::pair(lead.exact, lead.bytes) < std::pair(known.exact, known.bytes)) entry->second = lead;
  }
  return leads;
}

// Least room for an output and the inputs that it may share memory with; all sizes rounded.
int64_t room_of_group(int64_t output, const std::vector<std::pair<int64_t, int64_t>>& lead_and_size) {
  int64_t all = 0;
  for (const auto& [lead, size] : lead_and_size) all += size;
  int64_t best = output + all;
  for (const auto& [least, unused] : lead_and_size) {
    int64_t shared = 0;
    for (const auto& [lead, size] : lead_and_size) shared += lead >= least ? size : 0;
    best = std::min(best, all - shared + std::max(output, std::max<int64_t>(0, least) + shared));
  }
  return best;
}

// Least room at one op for the buffers `alive`, of which `shares` may overlap.
int64_t room_at_op(const std::vector<PlanBuffer>& buffers, const std::vector<int32_t>& alive,
                   const std::vector<Share>& shares) {
  int64_t room = 0;
  int64_t padding = 0;  // only what lies last saves its padding
  for (const int32_t b : alive) {
    const int64_t bytes = buffers[b].bytes;
    room += aligned(bytes);
    padding = std::max(padding, aligned(bytes) - bytes);
  }
  std::map<int32_t, std::vector<std::pair<int64_t, int64_t>>> groups;
  std::map<int32_t, int> outputs_of_input;
  for (const Share& share : shares) {
    groups[share.output].emplace_back(share.lead, aligned(buffers[share.input].bytes));
    ++outputs_of_input[share.input];
  }
  const bool simple = std::all_of(outputs_of_input.begin(), outputs_of_input.end(),
                                  [](const auto& entry) { return entry.second == 1; });
  if (!simple) {  // an input shared by several outputs: outputs are disjoint, and so are inputs
    int64_t outputs = 0;
    int64_t inputs = 0;
    for (const auto& [output, members] : groups) outputs += aligned(buffers[output].bytes);
    for (const auto& [input, count] : outputs_of_input) inputs += aligned(buffers[input].bytes);
    return room - std::min(outputs, inputs) - padding;
  }
  for (const auto& [output, members] : groups) {
    const int64_t size = aligned(buffers[output].bytes);
    int64_t apart = size;
    for (const auto& [lead, bytes] : members) apart += bytes;
    room -= apart - room_of_group(size, members);
  }
  return room - padding;
}

}  // namespace

PlanProblem make_plan_problem(const std::vector<PlanBuffer>& buffers, const std::vector<PlanOverlap>& overlaps) {
  const int32_t count = static_cast<int32_t>(buffers.size());
  PlanProblem problem;
  problem.neighbours.resize(buffers.size());
  for (const PlanBuffer& buffer : buffers) {
    problem.size.push_back(aligned(buffer.bytes));
    problem.fixed.push_back(buffer.fixed_offset);
  }
  const auto leads = usable_leads(buffers, overlaps);
  struct Distance {
    int64_t least, apart;
  };
  const auto distance = [&](int32_t lower, int32_t upper) {
    const auto found = leads.find({lower, upper});
    if (found == leads.end()) return Distance{problem.size[lower], 0};
    return Distance{found->second.bytes, found->second.exact ? problem.size[lower] : 0};
  };
  for (int32_t i = 0; i < count; ++i) {
    for (int32_t j = i + 1; j < count; ++j) {
      if (problem.size[i] == 0 || problem.size[j] == 0 || !meet(buffers[i], buffers[j])) continue;
      const Distance i_first = distance(i, j);
      const Distance j_first = distance(j, i);
      problem.neighbours[i].push_back({j, i_first.least, j_first.least, i_first.apart, j_first.apart});
      problem.neighbours[j].push_back({i, j_first.least, i_first.least, j_first.apart, i_first.apart});
    }
  }
  return problem;
}

int64_t plan_lower_bound(const std::vector<PlanBuffer>& buffers, const std::vector<PlanOverlap>& overlaps) {
  int64_t bound = 0;
  int32_t last = -1;
  for (const PlanBuffer& buffer : buffers) {
    if (buffer.fixed_offset >= 0 && buffer.bytes > 0) bound = std::max(bound, buffer.fixed_offset + buffer.bytes);
    last = std::max(last, buffer.last_op);
  }
  std::map<int32_t, std::vector<Share>> shares;  // by op
  for (const auto& [pair, lead] : usable_leads(buffers, overlaps)) {
    shares[buffers[pair.first].first_op].push_back({pair.first, pair.second, lead.bytes});
  }
  for (int32_t op = -1; op <= last; ++op) {
    std::vector<int32_t> alive;
    for (size_t b = 0; b < buffers.size(); ++b) {
      if (buffers[b].bytes > 0 && buffers[b].first_op <= op && op <= buffers[b].last_op) {
        alive.push_back(static_cast<int32_t>(b));
      }
    }
    const auto here = shares.find(op);
    bound = std::max(bound, room_at_op(buffers, alive, here == shares.end() ? std::vector<Share>{} : here->second));
  }
  return bound;
}

}  // namespace whit::compile
