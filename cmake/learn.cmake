# Training on libtorch, from Debian (its own CMake files look for much that is not used here). libtorch takes long to
# load, so it is linked to a program of its own, `whit-learn`, to which `whit` hands the verbs that train.
find_library(TORCH_CPU torch_cpu REQUIRED)
find_library(C10 c10 REQUIRED)
find_path(TORCH_API torch/torch.h REQUIRED PATHS /usr/include/torch/csrc/api/include)
find_library(XGBOOST xgboost REQUIRED)
find_package(MPI REQUIRED COMPONENTS C)
add_library(torch_interface INTERFACE)
target_include_directories(torch_interface SYSTEM INTERFACE ${TORCH_API})
target_link_libraries(torch_interface INTERFACE ${TORCH_CPU} ${C10})

file(GLOB_RECURSE learn_sources CONFIGURE_DEPENDS whit/learn/*.cpp)
list(FILTER learn_sources EXCLUDE REGEX "_test\\.cpp$")
list(REMOVE_ITEM learn_sources ${learn_recipe_sources})
add_library(whit_learn STATIC ${learn_sources})
# As libtorch is compiled itself: without it square roots in loops are calls.
target_compile_options(whit_learn PRIVATE -fno-math-errno $<$<CONFIG:Release>:-O3>)
target_link_libraries(whit_learn PUBLIC whit_workshop torch_interface PRIVATE ${XGBOOST} MPI::MPI_C)
target_compile_definitions(whit_learn PRIVATE OMPI_SKIP_MPICXX)  # its C++ interface, which the standard dropped
target_precompile_headers(whit_learn PRIVATE ${CMAKE_SOURCE_DIR}/whit/learn/torch.hpp <nlohmann/json.hpp>)

add_executable(whit-learn whit/cli/learn/main.cpp whit/cli/learn/train.cpp whit/cli/learn/train_classical.cpp whit/cli/learn/search.cpp)
target_link_libraries(whit-learn PRIVATE whit_learn whit_cli)
target_precompile_headers(whit-learn REUSE_FROM whit_cli)
