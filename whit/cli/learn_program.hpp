// The verbs that train live in `whit-learn`, because libtorch takes longer to load than most other verbs take to run.
#pragma once

#include <CLI/CLI.hpp>

namespace whit::cli {

// Lists the verbs in the help of `whit`.
void add_learn_verbs(CLI::App& app);

bool is_learn_verb(const char* verb);

// Becomes the `whit-learn` that lies beside this program, with the same arguments. Error tool_missing when it cannot.
[[noreturn]] void become_learn_program(char** argv);

}  // namespace whit::cli
