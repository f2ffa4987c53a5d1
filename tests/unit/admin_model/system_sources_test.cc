// Files, globs, the environment and getaddrinfo, on the real system.
#include "admin/model/system_sources.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace sluice::admin {
namespace {

class SystemSources : public ::testing::Test {
 protected:
  SystemSources() {
    char pattern[] = "/tmp/sluice-sources-XXXXXX";
    directory_ = mkdtemp(pattern);
  }
  ~SystemSources() override { std::filesystem::remove_all(directory_); }

  std::string write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = directory_ + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path;
  }
  static std::string error_of(const std::string& path) {
    const auto config = load_config_file(path);
    EXPECT_FALSE(config);
    return config ? "" : to_text(config.error().front());
  }

  std::string directory_;
};

TEST_F(SystemSources, LoadsAFileWithItsIncludesAndEnvironment) {
  setenv("SLUICE_TEST_PORT", "8088", 1);
  const std::string path = write("main.yaml",
                                 "include: [conf.d/*.yaml, one.json, empty.d/*]\n"
                                 "listeners: [{name: web, address: \":${SLUICE_TEST_PORT}\"}]\n");
  write("conf.d/20.yaml", "routes: [{name: second, respond: {}}]\n");
  write("conf.d/10.yaml", "routes: [{name: first, respond: {}}]\n");
  write("conf.d/ignored.txt", "not: [yaml");
  write("one.json", R"({"routes":[{"name":"third","respond":{}}]})");
  const auto config = load_config_file(path);
  ASSERT_TRUE(config) << to_text(config.error());
  EXPECT_EQ(config->listeners[0]->address.port, 8088);
  ASSERT_EQ(config->routes.size(), 3U);
  EXPECT_EQ(config->routes[0]->name, "first");
  EXPECT_EQ(config->routes[1]->name, "second");
  EXPECT_EQ(config->routes[2]->name, "third");
  EXPECT_EQ(config->files[1], directory_ + "/conf.d/10.yaml");
}

TEST_F(SystemSources, RefusesWhatCannotBeRead) {
  EXPECT_EQ(error_of(directory_ + "/none.yaml"), directory_ +
                                                     "/none.yaml: cannot open the configuration: No such "
                                                     "file or directory; check the path given with -c");
  EXPECT_EQ(error_of(directory_),
            directory_ + ": this is a directory; name a file; `include: [DIR/*.yaml]` reads several");
  const std::string including =
      write("a.yaml", "include: [none.yaml]\nlisteners: [{name: web, address: \":80\"}]\n");
  EXPECT_EQ(error_of(including),
            including + ":1:11: cannot include \"none.yaml\": there is no such file; check the path");
}

TEST_F(SystemSources, RefusesAHundredMegabyteFileWithoutReadingIt) {
  const std::string path = write("big.yaml", "");
  std::filesystem::resize_file(path, 100 << 20);
  EXPECT_EQ(error_of(path), path + ": the file has 100 MiB; 64 MiB at most; is it the right file?");
  EXPECT_EQ(error_of("/dev/zero"),
            "/dev/zero: cannot read the configuration: it is larger than 64 MiB; is it the right file?");
}

TEST_F(SystemSources, RefusesBinaryGarbageWithItsPlace) {
  const std::string path = write("garbage", std::string("\x7f"
                                                        "ELF\x02\x01\x00\x00",
                                                        8));
  EXPECT_EQ(error_of(path).substr(0, path.size() + 22), path + ":1:1: control characte");
}

TEST_F(SystemSources, TheExtensionDecidesTheLanguage) {
  EXPECT_NE(error_of(write("a.json", "listeners: []\n")).find("not JSON"), std::string::npos);
  EXPECT_EQ(error_of(write("a.yaml", "{\"listeners\": [], }\n")).find("not JSON"), std::string::npos);
}

TEST_F(SystemSources, ResolvesLocalhostToTheSameAddressEveryTime) {
  const Resolver resolver = system_resolver();
  const auto first = resolver("localhost");
  ASSERT_TRUE(first) << first.error();
  EXPECT_TRUE(first->is_loopback());
  EXPECT_EQ(resolver("localhost"), first);
  EXPECT_FALSE(resolver("no-such-host.invalid"));
}

}  // namespace
}  // namespace sluice::admin
