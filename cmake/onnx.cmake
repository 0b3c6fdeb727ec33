# The schema of .onnx as protobuf classes, from Debian. Only formats/onnx includes its headers.
find_package(Protobuf REQUIRED)
find_library(ONNX_PROTO onnx_proto REQUIRED)
find_path(ONNX_INCLUDE onnx/onnx_pb.h REQUIRED)
add_library(onnx_schema INTERFACE)
target_include_directories(onnx_schema SYSTEM INTERFACE ${ONNX_INCLUDE})
target_compile_definitions(onnx_schema INTERFACE ONNX_ML=1 ONNX_NAMESPACE=onnx)
target_link_libraries(onnx_schema INTERFACE ${ONNX_PROTO} protobuf::libprotobuf)
